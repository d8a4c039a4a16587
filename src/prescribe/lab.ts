/** Runs a plan with changes, each once: what a prescription says was tried, was. */
import { prepareFrom, type Documents, type Prepared, type RunOptions, type Variant } from '../compare/prepare.js';
import type { Build } from '../core/load.js';
import { QrailsError } from '../errors.js';
import type { Plan } from '../schema/plan.js';
import type { Sensor } from '../schema/sensor.js';
import { createJudge, type Judge } from '../sweep/judged.js';
import { changed, type Change } from './change.js';
import { outcomeOfSides, type Outcome } from './outcome.js';

export interface LabOptions {
  readonly documents: Documents;
  /** Of the run; its controllers are those of `variant`. */
  readonly options: RunOptions;
  readonly prepared: Prepared;
  readonly variant: Variant;
  readonly build?: Build | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onRun?: ((what: string) => void) | undefined;
}

export class Lab {
  readonly #given: LabOptions;
  readonly #known = new Map<string, Outcome | undefined>();
  readonly #judge: Judge;
  /** Runs made. */
  runs = 0;

  constructor(given: LabOptions) {
    this.#given = given;
    this.#judge = createJudge({ build: given.build, signal: given.signal });
  }

  /** The run with a change; undefined where target or data do not allow it. */
  async run(change: Change, what: string): Promise<Outcome | undefined> {
    const { documents, options, prepared: { dataset }, variant } = this.#given;
    return this.#once(JSON.stringify([change.throttle, change.anchor, change.supervisor, change.set ?? []]), what, () => prepareFrom(documents, changed(options, variant, change), dataset));
  }

  /** The run behind another sensor. */
  async runSensor(sensor: Sensor, what: string): Promise<Outcome | undefined> {
    const { documents, options, prepared: { dataset }, variant } = this.#given;
    // What is set of the sensor is in it already.
    const set = (options.set ?? []).filter((assignment) => !assignment.startsWith('sensor.'));
    return this.#once(JSON.stringify(sensor), what, () => prepareFrom({ ...documents, sensor: { ...documents.sensor, value: sensor } }, changed({ ...options, set }, variant, {}), dataset));
  }

  /** A plan as it is. */
  async runPlan(plan: Plan, what: string): Promise<Outcome | undefined> {
    const { prepared, variant } = this.#given;
    return this.#once(JSON.stringify(plan.sites), what, () => Promise.resolve({ ...prepared, variants: [{ ...variant, plan }] }));
  }

  async #once(key: string, what: string, prepare: () => Promise<Prepared>): Promise<Outcome | undefined> {
    if (this.#known.has(key)) return this.#known.get(key);
    const { signal, onRun } = this.#given;
    onRun?.(what);
    // Runs may be too short to look up by themselves: lets a Ctrl-C be heard.
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    let outcome: Outcome | undefined;
    try {
      const { experiment, dataset, variants: [variant] } = await prepare();
      outcome = outcomeOfSides(await this.#judge({ experiment, dataset, plan: variant!.plan }));
      this.runs++;
    } catch (error) {
      if (!(error instanceof QrailsError)) throw error;
    }
    this.#known.set(key, outcome);
    return outcome;
  }
}
