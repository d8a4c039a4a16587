/** Why a run failed, in causal order, and the smallest changes that would have saved it. docs/explain.md. */
import { finite } from '../compare/figure.js';
import { prepareFrom, readDocuments, type RunOptions } from '../compare/prepare.js';
import { thresholds } from '../compare/thresholds.js';
import { judgePair } from '../compare/verdict.js';
import type { Build } from '../core/load.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { firstOperands } from '../run/operands.js';
import { planSteps, runPair, stressStart } from '../run/pair.js';
import { commandOf, optionsOf } from '../prescribe/change.js';
import { Lab } from '../prescribe/lab.js';
import { outcomeOf, type Outcome } from '../prescribe/outcome.js';
import { saturated } from '../prescribe/saturated.js';
import type { Explanation } from '../schema/explanation.js';
import type { Case } from './case.js';
import { diagnose } from './cause.js';
import { chainOf, reactionOf, reactionText } from './chain.js';
import { smallestSavings } from './changes.js';
import { whatItFed } from './fed.js';
import { nearestToFailing } from './nearest.js';
import { watch } from './watch.js';
import { widened } from './widened.js';

export interface ExplainOptions extends RunOptions {
  /** Build of the core; default the fastest this engine runs. Never changes a bit. */
  readonly build?: Build | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, of: number, what: string) => void) | undefined;
}

/** Runs a search takes about; it may take more or fewer. */
const ABOUT = 100;

/**
 * Explains how a run ended. One throttle and one anchor, by default the experiment's own.
 *
 * Whatever is said to be a cause, or to save the run, was run: `evidence` and `changes`. Same input, same words.
 *
 * @returns the published result, `schema/explanation.schema.json`; of a run that survives, what is nearest to failing
 * @throws QrailsError `usage` for several controllers; for anything in documents, data or options that cannot be; an AbortError where `signal` was raised
 * @example
 * const { cause, changes } = await explain({ experiment: 'stress-rails' });
 * cause.site // 'layer0.weight'
 * changes[0].command // 'qrails compare stress-rails …'
 */
export async function explain(options: ExplainOptions = {}): Promise<Explanation> {
  for (const name of ['throttle', 'anchor'] as const) {
    const names = options[name];
    if (names !== undefined && names.length !== 1) throw new QrailsError({ code: 'usage', where: `--${name}`, message: `one run is explained, under one ${name}`, found: printable(names.join(',')), expected: 'one name' });
  }
  const { build, signal, onProgress, ...run } = options;
  const documents = await readDocuments(run);
  const stated = documents.experiment.value;
  const own = await prepareFrom(documents, {
    ...run, anchor: run.anchor ?? [stated.anchor?.law ?? 'none'], ...(run.throttle === undefined && stated.throttle === undefined && { throttle: ['none'] }),
  });
  // The experiment's own controllers are the last of those that are prepared.
  const variant = own.variants.at(-1)!;
  const { plan } = variant;
  const prepared = { ...own, variants: [variant] };
  const settled: RunOptions = { ...run, throttle: [variant.throttle], anchor: [variant.anchor] };
  let done = 0;
  const onRun = (what: string): void => onProgress?.(done++, Math.max(ABOUT, done + 1), what);
  onRun('the run itself');
  const pair = await runPair(plan, prepared.dataset, { build, signal });
  const judged = judgePair(pair, thresholds(prepared.experiment.verdict));
  const before = outcomeOf(pair, judged);
  const first = saturated(pair);
  const { recorder } = pair.fixed;
  const moments = [stressStart(plan), recorder.maxLossAt - 1, recorder.maxLossAt, ...(recorder.stillFrom === null ? [] : [recorder.stillFrom]), ...first.flatMap(({ counters: { firstOverflow } }) => [firstOverflow!.step - 1, firstOverflow!.step])];
  const watched = await watch(plan, prepared.dataset, moments, { build, signal });
  const lab = new Lab({ documents, options: settled, prepared, variant, build, signal, onRun });
  const one: Case = { prepared, variant, pair, judged, before, watched, lab };

  const diagnosis = await diagnose(one);
  const operands = await firstOperands(plan, prepared.dataset, pair.fixed.counters, build);
  const reaction = reactionOf(one);
  const [opening] = first;
  const instead = opening && opening.key !== 'target' ? widened(plan, [opening.key]) : undefined;
  const fed = opening && instead ? await whatItFed(plan, instead, opening.key, opening.counters.firstOverflow!.step, prepared.dataset, { build, signal }) : [];
  const savings = diagnosis.cause === 'none' ? [] : await smallestSavings(one, diagnosis);
  const nearest = diagnosis.cause === 'none' ? await nearestToFailing(prepared, documents, settled, lab) : [];
  const alpha = recorder.alpha();
  return {
    explanation: 1,
    plan: {
      hash: variant.hash, experiment: own.experiment.name, title: own.experiment.title ?? own.experiment.name, profile: own.profile.name, sensor: own.sensor.name, supervisor: plan.supervisor.law,
      throttle: variant.throttle, anchor: variant.anchor, seed: plan.seed, steps: planSteps(plan), stressFrom: stressStart(plan),
    },
    ended: { ...endOf(before), why: [...judged.float.why.map((text) => `float64: ${text}`), ...judged.fixed.why.map((text) => `fixed: ${text}`)] },
    cause: { kind: diagnosis.cause, site: diagnosis.site, sensor: diagnosis.sensor, text: diagnosis.text, also: diagnosis.also },
    chain: chainOf(one, diagnosis, operands, reaction),
    fed,
    reaction: {
      controller: variant.throttle, at: reaction?.at ?? null, before: reaction?.before ?? null, after: reaction?.after ?? null, lowest: alpha ? finite(alpha.min) : null,
      product: finite(watched.lateProduct), text: reactionText(one, diagnosis, reaction),
    },
    changes: savings.map(({ kind, cause, size: { what, bits, change }, after }) => ({
      kind, why: cause, what, bits, options: optionsOf(change), command: commandOf(run, variant, change, prepared), after: endOf(after),
    })),
    evidence: diagnosis.evidence.map(({ what, ...tried }) => ({ what, ...endOf(tried) })),
    nearest,
    runs: 2 + lab.runs,
  };
}

/** How a run ended, as it is published. */
const endOf = ({ verdict, float, finalLoss }: Outcome): Explanation['changes'][number]['after'] => ({ verdict, float, finalLoss: finite(finalLoss) });
