/**
 * Measures of the stability gap (De Lange, van de Ven and Tuytelaars, "Continual evaluation for lifelong learning", ICLR 2023): what is
 * forgotten between the moments at which a learner is usually looked at. Tasks 1…k are learned one after the other, and each is evaluated all
 * the time, also before it is learned. A value is an accuracy, or −loss in regression: larger is better.
 */

export interface StabilityGap {
  /** min-ACC: mean, over the tasks but the last, of the worst value since the task was learned. Null for one task, or where there is none. */
  readonly minAccuracy: number | null;
  /** WC-ACC: value_k/k + (1 − 1/k)·min-ACC, value_k the last one of the last task. Null where min-ACC is, for more than one task. */
  readonly worstCase: number | null;
  /** WF^w: largest fall of a task's value from one evaluation to a later one, both among w in a row; by task. At least 0. */
  readonly windowedForgetting: readonly number[];
  /** WP^w: largest rise likewise. */
  readonly windowedPlasticity: readonly number[];
}

/** Evaluations a window holds, as published. */
export const DEFAULT_WINDOW = 10;

/**
 * Takes evaluations one by one and keeps no more than a window of them.
 *
 * @example
 * const gap = new StabilityGapMeter(2);
 * gap.add([0.9, 0.1]);
 * gap.learned(0); // the evaluations that follow are of a learner that goes on with task 1
 * gap.add([0.4, 0.5]);
 * gap.add([0.8, 0.9]);
 * gap.result.worstCase // 0.65 = 0.9/2 + 0.4/2
 */
export class StabilityGapMeter {
  readonly #window: number;
  readonly #recent: number[][];
  /** Worst value since the task was learned; undefined while it is not. */
  readonly #worst: (number | undefined)[];
  readonly #falls: number[];
  readonly #rises: number[];
  readonly #last: number[] = [];

  /** @param window evaluations of a window, at least 2 */
  constructor(tasks: number, window = DEFAULT_WINDOW) {
    this.#window = window;
    this.#recent = Array.from({ length: tasks }, () => []);
    this.#worst = Array.from({ length: tasks }, () => undefined);
    this.#falls = Array<number>(tasks).fill(0);
    this.#rises = Array<number>(tasks).fill(0);
  }

  /** One evaluation of every task. What is not a number counts as −∞. */
  add(values: readonly number[]): void {
    values.forEach((given, task) => {
      const value = Number.isNaN(given) ? -Infinity : given;
      const recent = this.#recent[task]!;
      for (const before of recent) {
        if (before === value) continue; // also −∞ twice
        this.#falls[task] = Math.max(this.#falls[task]!, before - value);
        this.#rises[task] = Math.max(this.#rises[task]!, value - before);
      }
      recent.push(value);
      if (recent.length > this.#window - 1) recent.splice(0, recent.length - (this.#window - 1));
      if (this.#worst[task] !== undefined) this.#worst[task] = Math.min(this.#worst[task], value);
      this.#last[task] = value;
    });
  }

  /** Training of a task has ended with the evaluation added last. */
  learned(task: number): void {
    this.#worst[task] = Infinity;
  }

  get result(): StabilityGap {
    const earlier = this.#worst.slice(0, -1);
    const known = earlier.length > 0 && earlier.every((worst): worst is number => worst !== undefined && worst < Infinity);
    const minAccuracy = known ? earlier.reduce((sum, worst) => sum + worst, 0) / earlier.length : null;
    const tasks = this.#worst.length;
    const last = this.#last.at(-1) ?? null;
    return {
      minAccuracy,
      worstCase: last === null || (tasks > 1 && minAccuracy === null) ? null : last / tasks + (1 - 1 / tasks) * (minAccuracy ?? 0),
      windowedForgetting: [...this.#falls],
      windowedPlasticity: [...this.#rises],
    };
  }
}
