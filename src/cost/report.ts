/** From names and options to the costs of one plan on several targets. */
import { prepareFrom, readDocuments, type Documents, type Prepared, type RunOptions } from '../compare/prepare.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import type { CostReport } from '../schema/cost.js';
import type { Dataset } from '../signal/dataset.js';
import { CONTROLLER_CHOICES, controllerCosts, type Budget, type Candidate } from './controllers.js';
import { cost } from './cost.js';
import { measure } from './measure.js';

export interface CostOptions extends Omit<RunOptions, 'profile' | 'throttle' | 'anchor'>, Budget {
  /** Targets, shipped names or paths; default that of the experiment. */
  readonly profiles?: readonly string[] | undefined;
  /** Default the experiment's. */
  readonly throttle?: string | undefined;
  readonly anchor?: string | undefined;
  /** Emulated boards to measure on. */
  readonly measure?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What a step of an experiment costs on each target, and what every throttle, anchor and supervisor would.
 *
 * @throws QrailsError for anything in documents or options that cannot be, and where every target refuses the plan
 * @example (await costReport({ profiles: ['avr-q7', 'cortex-m4-q15'] })).targets.map(({ cost }) => cost?.passes)
 */
export async function costReport({ profiles, throttle, anchor, ram, measure: boards, signal, ...options }: CostOptions = {}): Promise<CostReport> {
  const named = { ...(throttle !== undefined && { throttle: [throttle] }), ...(anchor !== undefined && { anchor: [anchor] }) };
  const targets: CostReport['targets'] = [];
  let first: Prepared | undefined;
  let refusal: unknown;
  for (const given of profiles ?? [undefined]) {
    signal?.throwIfAborted();
    const run: RunOptions = { ...options, profile: given };
    const documents = await readDocuments(run);
    const label = given ?? documents.profile.value.name;
    try {
      const prepared = await prepareFrom(documents, { ...run, ...named }, first?.dataset);
      first ??= prepared;
      // The last variant has the experiment's own controllers where none were named.
      const { plan } = prepared.variants.at(-1)!;
      const { profile } = prepared;
      targets.push({
        target: profile.name, given: label, refused: null, cost: cost(plan, profile),
        controllers: controllerCosts(await candidates(documents, run, prepared.dataset), { ram }),
        ...(boards && (await measure(plan, prepared.dataset, boards, signal))),
      });
    } catch (error) {
      if (!(error instanceof QrailsError) || (profiles?.length ?? 1) === 1) throw error;
      refusal ??= error;
      const { where, message } = error.parts;
      targets.push({ target: documents.profile.value.name, given: label, refused: { ...(where !== undefined && { where }), message }, cost: null, controllers: [] });
    }
  }
  if (!first) throw refusal;
  const { experiment, variants } = first;
  const own = variants.at(-1)!;
  return { cost: 1, experiment: experiment.name, title: experiment.title ?? experiment.name, throttle: own.throttle, anchor: own.anchor, supervisor: own.plan.supervisor.law, targets };
}

/** Every choice of controllers on a target, with its cost or its refusal. */
async function candidates(documents: Documents, run: RunOptions, dataset: Dataset): Promise<Candidate[]> {
  const result: Candidate[] = [];
  for (const { throttle, anchor, supervisor } of CONTROLLER_CHOICES) {
    try {
      const { variants, profile } = await prepareFrom(documents, { ...run, throttle: [throttle], anchor: [anchor], supervisor }, dataset);
      result.push({ throttle, anchor, supervisor, cost: cost(variants[0]!.plan, profile) });
    } catch (error) {
      if (!(error instanceof QrailsError)) throw error;
      const { where, message, expected } = error.parts;
      result.push({ throttle, anchor, supervisor, refused: printable([...(where === undefined ? [] : [`${where}: `]), message, ...(expected === undefined ? [] : [`; expected ${expected}`])].join(''), 400) });
    }
  }
  return result;
}
