// Runs of an experiment over seeds, in float64 and at the three precisions of the ENABOL path, every step of them kept.
import { prepare } from '../../dist/compare/prepare.js';
import { loadCore } from '../../dist/core/load.js';
import { FLAGS } from '../../dist/core/abi.js';
import { Session } from '../../dist/core/session.js';
import { buildPlan } from '../../dist/plan/build.js';
import { deliveries } from '../../dist/signal/delivery.js';

/** Number systems of the page: the reference and the profiles the published maps stand for. */
export const SYSTEMS = { float64: undefined, wide: { profile: 'enabol-wide' }, mid: { profile: 'enabol-mid' }, tight: { profile: 'enabol-tight' } };

/** The path's general rule: every site from the weights' ap_fixed<W, I>. */
export function generalRule(wordLength, integerBits) {
  const [w, i] = [wordLength, integerBits];
  const sites = { weight: [w, i], input: [w, i + 2], activation: [w, i + 2], gradient: [w + 4, i + 2], update: [w + 4, i], accumulator: [w + 12, i + 8], loss: [2 * w, i + 10] };
  const set = Object.entries(sites).flatMap(([site, [length, whole]]) => [`profile.sites.${site}.wordLength=${length}`, `profile.sites.${site}.fractionLength=${length - whole}`]);
  return { profile: 'enabol-wide', set };
}

/**
 * One run. Per step: loss, α, curvature, flags, events; with `parameters` also the parameters after it as they would be evaluated.
 * `finalLoss` as numerics.md §8.
 */
export async function simulate(plan, dataset, kind, { parameters = false } = {}) {
  const session = new Session(await loadCore(), plan, kind, parameters ? { chunk: 1 } : {});
  const run = { loss: [], alpha: [], curvature: [], flags: [], events: [], parameters: [], finalLoss: NaN, counters: {}, outputLosses: [], shares: [] };
  session.onRow((_, { loss, alpha, curvature, flags, events }) => {
    run.loss.push(loss);
    run.alpha.push(alpha);
    run.curvature.push(curvature);
    run.flags.push(flags);
    run.events.push(events);
  });
  const steps = plan.phases.reduce((sum, phase) => sum + phase.steps, 0);
  const scale = (layer, k) => {
    if (kind === 'float') return 1;
    const { inputs, outputs } = plan.layers[layer];
    return 2 ** -plan.sites[`layer${layer}.${k < inputs * outputs ? 'weight' : 'bias'}`].fractionLength;
  };
  const read = () => session.read('evaluated').flatMap((values, layer) => values.map((value, k) => value * scale(layer, k)));
  for (const batch of deliveries(plan, dataset)) {
    if (batch.step === steps) {
      session.finish();
      run.counters = session.counters();
      run.shares = sharesOf(session, plan, kind);
      run.finalLoss = session.evaluate(batch).loss;
      run.outputLosses = outputLosses(session, plan, kind, batch.count);
      break;
    }
    session.push(batch);
    if (parameters) {
      session.finish();
      run.parameters.push(read());
    }
  }
  return run;
}

/** Mean share of each balanced loss. */
function sharesOf(session, plan, kind) {
  const { shares = [] } = session.save('0'.repeat(64)).values;
  const words = BigInt64Array.from(shares, BigInt);
  return kind === 'float' ? [...new Float64Array(words.buffer)] : [...words].map((word) => Number(word) * 2 ** -plan.sites.shareMean.fractionLength);
}

/** Half the mean square of the errors of each output on the batch that was evaluated. */
function outputLosses(session, plan, kind, count) {
  const last = plan.layers.length - 1;
  const { outputs } = plan.layers[last];
  const scale = kind === 'float' ? 1 : 2 ** -plan.sites[`layer${last}.error`].fractionLength;
  const losses = Array(outputs).fill(0);
  session.peek('errors', last).forEach((error, index) => (losses[index % outputs] += (error * scale) ** 2 / (2 * count)));
  return losses;
}

export const flagged = (run, name) => run.flags.filter((flags) => (flags & FLAGS[name]) !== 0).length;

/**
 * What `measure(run, plan, dataset)` gives for every seed, by number system. Of a plan that a profile refuses the value is undefined.
 *
 * @param options experiment, throttle, anchor, supervisor, set: as for `compare`; `systems`: by name the profile and what is set in it; `lambda`: the estimator for the reference alone
 */
export async function overSeeds({ seeds, systems = SYSTEMS, throttle = 'none', anchor = 'none', lambda = false, parameters = false, ...options }, measure) {
  const values = Object.fromEntries(Object.keys(systems).map((name) => [name, []]));
  for (const seed of seeds) {
    for (const [system, { profile = 'enabol-wide', set = [] } = {}] of Object.entries(systems)) {
      let value;
      try {
        const { variants, experiment, profile: target, sensor, dataset } = await prepare({ ...options, set: [...(options.set ?? []), ...set], seed, profile, throttle: [lambda ? 'none' : throttle], anchor: [anchor] });
        const plan = lambda
          ? buildPlan({ profile: target, sensor, experiment, dataset, throttle: { ...experiment.throttle, law: throttle, estimator: 'lambda' }, anchor: { law: anchor }, steps: options.steps })
          : variants[0].plan;
        value = measure(await simulate(plan, dataset, systems[system] === undefined ? 'float' : 'fixed', { parameters }), plan, dataset);
      } catch (error) {
        if (error.name !== 'QrailsError') throw error;
      }
      values[system].push(value);
    }
  }
  return values;
}

export const FLOAT = { float64: undefined };
export const seedList = (count) => Array.from({ length: count }, (_, index) => index + 1);
