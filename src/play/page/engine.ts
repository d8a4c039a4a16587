/** Workers that run requests: the newest wins, what is under way is finished where it is short, and answers that come late are dropped. */
import type { ErrorParts } from '../../errors.js';
import type { Exported, ExportName } from '../exports.js';
import type { FromWorker, ToWorker } from '../protocol.js';
import type { Request } from '../request.js';
import type { Curves, Played } from '../run.js';

export interface Listener {
  /** Curves of a run that goes on. */
  readonly part: (curves: Curves) => void;
  readonly done: (played: Played, request: Request, milliseconds: number) => void;
  /** The run shown last, with prescriptions. */
  readonly tried: (played: Played, request: Request) => void;
  readonly refused: (error: ErrorParts, request: Request) => void;
}

interface Job {
  readonly id: number;
  readonly request: Request;
  readonly began: number;
}

interface Hand {
  readonly worker: Worker;
  /** What it works at; undefined while it is free. */
  job: Job | undefined;
}

/** A run that has taken longer is given up for a newer one. */
const PATIENCE_MS = 600;
/** How long nothing must be dragged before prescriptions are looked for. */
const REST_MS = 600;
const MOST_HANDS = 4;

const createWorker = (): Worker => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
const say = (worker: Worker, message: ToWorker): void => worker.postMessage(message);

export class Engine {
  readonly #listener: Listener;
  readonly #hands: Hand[];
  readonly #exports = new Map<number, { resolve: (file: Exported) => void; reject: (error: ErrorParts) => void }>();
  /** For prescriptions and exports, made when it is first needed. */
  #aside: Worker | undefined;
  #id = 0;
  /** The newest request, where no worker has it yet. */
  #next: { id: number; request: Request } | undefined;
  /** Newest run whose answer was shown. */
  #shown = 0;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #impatience: ReturnType<typeof setTimeout> | undefined;
  /** What prescriptions are looked for. */
  #looking: Job | undefined;

  constructor(listener: Listener) {
    this.#listener = listener;
    // Two at least: one begins while the other ends. One processor is left to the page.
    const count = Math.min(MOST_HANDS, Math.max(2, (navigator.hardwareConcurrency || 2) - 1));
    this.#hands = Array.from({ length: count }, () => {
      const hand: Hand = { worker: createWorker(), job: undefined };
      hand.worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => this.#hear(hand, data));
      // It did not come, or ended on its own: said, and no longer waited for.
      hand.worker.addEventListener('error', ({ message }) => {
        if (hand.job) this.#hear(hand, { kind: 'refused', id: hand.job.id, error: { code: 'unsupported', where: 'page', message: 'the simulation stopped', found: message || 'no reason given', try: 'load the page again' } });
      });
      return hand;
    });
  }

  /** Runs a request, in the place of every one before it. */
  run(request: Request): void {
    clearTimeout(this.#rest);
    this.#next = { id: ++this.#id, request };
    if (this.#aside) say(this.#aside, { kind: 'stop' });
    this.#dispatch();
    this.#hurry();
  }

  /** While a newer run waits, ends those that take too long. */
  #hurry(): void {
    clearTimeout(this.#impatience);
    if (!this.#next) return;
    for (const { worker, job } of this.#hands) if (job && performance.now() - job.began > PATIENCE_MS) say(worker, { kind: 'stop' });
    this.#impatience = setTimeout(() => this.#hurry(), PATIENCE_MS / 4);
  }

  /** Rejects with ErrorParts where the request cannot be run. */
  export(request: Request, what: ExportName): Promise<Exported> {
    const id = ++this.#id;
    return new Promise((resolve, reject) => {
      this.#exports.set(id, { resolve, reject });
      say(this.#help(), { kind: 'export', id, request, what });
    });
  }

  #dispatch(): void {
    const free = this.#hands.filter(({ job }) => job === undefined);
    if (free.length === 0 || !this.#next) return;
    const { id, request } = this.#next;
    this.#next = undefined;
    // The first run is given to all of them, so that none has to begin cold when something is dragged.
    for (const hand of this.#shown === 0 ? free : free.slice(0, 1)) {
      hand.job = { id, request, began: performance.now() };
      say(hand.worker, { kind: 'run', id, request, tries: false });
    }
  }

  #hear(hand: Hand, message: FromWorker): void {
    const { job } = hand;
    if (job?.id !== message.id) return;
    if (message.kind === 'part') {
      if (this.#hands.every((other) => (other.job?.id ?? 0) <= message.id) && message.id > this.#shown) this.#listener.part(message.curves);
      return;
    }
    hand.job = undefined;
    if (message.id > this.#shown && (message.kind === 'done' || message.kind === 'refused')) {
      this.#shown = message.id;
      if (message.kind === 'refused') this.#listener.refused(message.error, job.request);
      else this.#listener.done(message.played, job.request, message.milliseconds);
      clearTimeout(this.#rest);
      if (message.kind === 'done' && this.#next === undefined) this.#rest = setTimeout(() => this.#look(job), REST_MS);
    }
    this.#dispatch();
  }

  /** Looks for prescriptions while nobody wants anything else. */
  #look(job: Job): void {
    this.#looking = job;
    say(this.#help(), { kind: 'run', id: job.id, request: job.request, tries: true });
  }

  #help(): Worker {
    if (this.#aside) return this.#aside;
    const aside = (this.#aside = createWorker());
    aside.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      const waiting = this.#exports.get(data.id);
      this.#exports.delete(data.id);
      if (data.kind === 'exported') waiting?.resolve(data.file);
      else if (data.kind === 'refused') waiting?.reject(data.error);
      else if (data.kind === 'done' && data.id === this.#looking?.id && data.id === this.#shown && this.#next === undefined) this.#listener.tried(data.played, this.#looking.request);
    });
    return aside;
  }
}
