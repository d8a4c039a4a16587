/** Memory of a plan's learner: the state that docs/state.md lists, what a step needs beside, and what is looked up. */
import { ANCHORS, BALANCES, ESTIMATORS, THROTTLE_TABLE, THROTTLES } from '../control/registry.js';
import { stateFields } from '../core/stateFields.js';
import type { Field, Memory } from '../schema/cost.js';
import type { Plan } from '../schema/plan.js';
import { siteKey, type SiteName } from '../site/sites.js';
import { trainedSizes } from '../plan/trainedSizes.js';
import { bitLength, magnitude } from './operand.js';
import { largestBatch, reciprocalBits } from './rows.js';

/** So many values of so many bits. */
type Words = readonly (readonly [count: number, bits: number])[];

/** Words that memories have. */
const BYTES = [1, 2, 4, 8, 16] as const;
const bytesOf = (bits: number): number => BYTES.find((bytes) => bits <= 8 * bytes)!;

function field(name: string, words: Words): Field {
  const sum = (of: (count: number, bits: number) => number): number => words.reduce((total, [count, bits]) => total + of(count, bits), 0);
  return { name, values: sum((count) => count), bits: sum((count, bits) => count * bits), bytes: sum((count, bits) => count * bytesOf(bits)) };
}

/**
 * Bytes and bits of state, working memory and constants, at the word lengths of the plan.
 *
 * @example memoryOf(plan).state.find(({ name }) => name === 'theta')?.bytes
 */
export function memoryOf(plan: Plan): Memory {
  const { layers } = plan;
  const batch = largestBatch(plan);
  const width = (name: SiteName, layer = 0): number => plan.sites[siteKey(name, layer)]!.wordLength;
  const parameters = (weight: SiteName, bias: SiteName): Words =>
    layers.flatMap(({ inputs, outputs, bias: has }, l): Words => [[inputs * outputs, width(weight, l)], ...(has ? [[outputs, width(bias, l)] as const] : [])]);
  const theta = parameters('weight', 'bias');
  const fields = stateFields(plan);
  const steps = plan.phases.reduce((sum, phase) => sum + phase.steps, 0);
  const state = [field('step', [[1, bitLength(BigInt(steps))]]), ...fields.map(({ name, count }) => field(name, wordsOf(name, count)))];

  /** Words of a field of the state: what its values can be. */
  function wordsOf(name: string, count: number): Words {
    const { anchor, supervisor, balance } = plan;
    const upTo = (most: number | bigint): Words => [[1, Math.max(1, bitLength(BigInt(most)))]];
    const losses = BigInt(anchor.calibration ?? 0);
    switch (name) {
      case 'theta':
      case 'lastTheta':
      case 'anchor':
      case 'snapshot':
        return theta;
      case 'average':
      case 'importance':
        return parameters(name, name);
      case 'lastGradient':
        return parameters('gradient', 'gradient');
      case 'window':
        return [[count, width('loss')]];
      case 'alpha':
        return [[1, width('throttle')]];
      case 'rejected':
        return upTo(supervisor.patience! > 0 ? supervisor.patience! : steps);
      case 'accepted':
        return upTo(supervisor.recovery! - 1);
      case 'halvings':
        return upTo(supervisor.backoff!);
      case 'holdLeft':
        return upTo(anchor.hold!);
      case 'seen':
        return upTo(Math.max(anchor.calibration!, anchor.window!));
      case 'windowAt':
        return upTo(anchor.window! - 1);
      case 'above':
        return upTo(anchor.consecutive!);
      case 'events':
        return upTo(steps);
      case 'lossSum':
        return [[1, bitLength(losses * magnitude(plan, 'loss')) + Number(plan.sites['loss']!.signed)]];
      // Both words of it are counted here.
      case 'squareSum':
        return upTo(losses * magnitude(plan, 'loss') ** 2n);
      case 'squareSumHigh':
        return [];
      case 'shares':
        return [[count, width('shareMean')]];
      case 'balanced':
        return upTo(balance!.warmup!);
      case 'history':
      case 'locked':
      case 'calibrated':
      case 'known':
        return [[1, 1]];
      default: // values of a site
        return [[count, width(name as SiteName)]];
    }
  }

  const last = layers.length - 1;
  const working = [
    field('gradient', parameters('gradient', 'gradient')),
    // The last layer's outputs are done with when their errors are known.
    field('activation', layers.map(({ outputs }, l) => [l === last ? outputs : batch * outputs, width('activation', l)])),
    field('error', layers.map(({ outputs }, l) => [batch * outputs, width('error', l)])),
    // Errors of all losses are put aside while each is alone.
    ...(plan.balance ? [field('balance', [[batch * layers[last]!.outputs, width('error', last)], [plan.balance.outputs!.length, width('norm')]])] : []),
    field('batch', [[batch * layers[0]!.inputs, width('input')], [batch * layers[last]!.outputs, width('target')]]),
  ];
  const tables = tablesOf(plan);
  const total = (list: readonly Field[]): { bits: number; bytes: number } => ({ bits: list.reduce((sum, { bits }) => sum + bits, 0), bytes: list.reduce((sum, { bytes }) => sum + bytes, 0) });
  const initial = field('theta', theta);
  return {
    state, working,
    ram: total([...state, ...working]),
    saved: 8 * (1 + fields.reduce((sum, { count }) => sum + count, 0)),
    tables,
    flash: {
      bits: initial.bits + tables.reduce((sum, { bits }) => sum + bits, 0),
      bytes: initial.bytes + tables.reduce((sum, { bytes }) => sum + bytes, 0),
    },
  };
}

/** Constants that a step looks up. */
function tablesOf(plan: Plan): Memory['tables'] {
  const table = (name: string, entries: number, wordLength: number): Memory['tables'][number] => ({ name, entries, wordLength, bits: entries * wordLength, bytes: entries * bytesOf(wordLength) });
  const { throttle: { law, estimator }, anchor, balance, divide, batchDivision, sigmoid, layers } = plan;
  const divides = THROTTLES[law].divides || (estimator !== undefined && ESTIMATORS[estimator].divides) || ANCHORS[anchor.law].divides || BALANCES[balance?.law ?? 'none'].divides;
  const sizes = trainedSizes(plan).filter((size) => !Number.isInteger(Math.log2(size)));
  return [
    ...(sigmoid ? [table('sigmoid', sigmoid.length, plan.sites[siteKey('activation', layers.length - 1)]!.wordLength)] : []),
    ...(law === 'table' ? [table('α of the throttle', THROTTLE_TABLE.length, bitLength(BigInt(THROTTLE_TABLE[0])))] : []),
    ...(divides && divide.method === 'table' ? [table('reciprocals of divisors', 2 ** divide.bits!, reciprocalBits(divide.bits!))] : []),
    ...(batchDivision === 'reciprocal' && sizes.length > 0 ? [table('reciprocals of batch sizes', sizes.length, plan.sites['reciprocal']!.wordLength)] : []),
  ];
}
