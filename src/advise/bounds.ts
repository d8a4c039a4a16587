/**
 * What values the sites of a step can take, given how data are spread and where parameters went: by intervals, and by affine forms of what is new in
 * each input and target beside those before it, phase by phase. Of exact arithmetic: roundings are not in it.
 */
import { fullRate, isGated } from '../plan/concernsMoves.js';
import { rawToReal } from '../format/format.js';
import type { Plan } from '../schema/plan.js';
import { siteKey, type SiteName } from '../site/sites.js';
import { AFFINE, INTERVAL, symbol, type Affine, type Arithmetic } from './arithmetic.js';
import { union, type PhaseSeen, type Range, type Seen } from './observe.js';
import type { Spread } from './spread.js';

export interface Bounds {
  readonly interval: Range;
  /** Never wider than the interval; null where there are too many columns or parameters for it. */
  readonly affine: Range | null;
}

/** Past this many parameters affine forms are not worked out. */
const MOST_PARAMETERS = 1000;

/** What a step starts from. */
interface Sources<T> {
  readonly inputs: readonly T[];
  readonly targets: readonly T[];
  /** By layer, weights row by row and then biases. */
  readonly parameters: readonly (readonly T[])[];
}

/** Bounds of the sites of the learning step; of those that no such bound exists for, as parameters, none. */
export function boundsOf(plan: Plan, seen: readonly Seen[]): Readonly<Record<string, Bounds>> {
  const intervals: Record<string, Range> = {};
  let affines: Record<string, Range> | undefined = {};
  for (const { phases } of seen) {
    for (const [phase, one] of phases.entries()) {
      if (one.rows.low[0] === Infinity) continue; // its deliveries are those of the phase before
      for (const parameters of one.stretches) {
        merge(intervals, ranges(plan, phase, INTERVAL, intervalSources(plan, one.rows, parameters)));
        const sources = affines && affineSources(plan, one.rows, parameters);
        if (sources) merge(affines!, ranges(plan, phase, AFFINE, sources));
        else affines = undefined;
      }
    }
  }
  return Object.fromEntries(Object.entries(intervals).map(([key, interval]) => {
    const affine = affines?.[key];
    return [key, { interval, affine: affine ? [Math.max(interval[0], affine[0]), Math.min(interval[1], affine[1])] : null }];
  }));
}

function merge(into: Record<string, Range>, more: Readonly<Record<string, Range>>): void {
  for (const [key, range] of Object.entries(more)) into[key] = into[key] ? union(into[key], range) : range;
}

type Parameters = PhaseSeen['stretches'][number];

function intervalSources({ data }: Plan, { low, high }: Spread, parameters: Parameters): Sources<Range> {
  const column = (k: number): Range => [low[k]!, high[k]!];
  return {
    inputs: Array.from({ length: data.inputs }, (_, k) => column(k)), targets: Array.from({ length: data.targets }, (_, k) => column(data.inputs + k)), parameters,
  };
}

function affineSources({ data }: Plan, rows: Spread, parameters: Parameters): Sources<Affine> | undefined {
  const spread = rows.generators();
  if (!spread || parameters.flat().length > MOST_PARAMETERS) return undefined;
  const column = (k: number): Affine => ({ centre: spread.centre[k]!, parts: new Map(spread.vectors.map((vector, index) => [index, vector[k]!])), rest: 0 });
  let next = spread.vectors.length;
  return {
    inputs: Array.from({ length: data.inputs }, (_, k) => column(k)), targets: Array.from({ length: data.targets }, (_, k) => column(data.inputs + k)),
    parameters: parameters.map((layer) => layer.map((range) => symbol(next++, range))),
  };
}

/** Sites of one phase, in the order of a step. */
function ranges<T>(plan: Plan, phase: number, arithmetic: Arithmetic<T>, { inputs, targets, parameters }: Sources<T>): Record<string, Range> {
  const { layers, phases, errorRule, balance } = plan;
  const { add, subtract, multiply, rectify, range, within, constant } = arithmetic;
  const found: Record<string, Range> = {};
  const note = (name: SiteName, layer: number, value: Range): void => merge(found, { [siteKey(name, layer)]: value });
  const withZero = (value: Range): Range => union(value, [0, 0]);
  for (const input of inputs) note('input', 0, range(input));

  const fed: (readonly T[])[] = [inputs];
  for (const [l, { inputs: width, outputs, activation, bias }] of layers.entries()) {
    const own = parameters[l]!;
    const before = fed[l]!;
    fed.push(Array.from({ length: outputs }, (_, o) => {
      let sum = constant(0);
      for (let i = 0; i < width; i++) {
        const product = multiply(own[o * width + i]!, before[i]!);
        note('product', l, range(product));
        sum = add(sum, product);
        note('accumulator', l, range(sum));
      }
      if (bias) sum = add(sum, own[outputs * width + o]!);
      note('accumulator', l, range(sum));
      note('activation', l, range(sum));
      return activation === 'relu' ? rectify(sum) : activation === 'sigmoid' ? within([0, 1]) : sum;
    }));
  }
  let errors: readonly T[] = fed.at(-1)!.map((output, o) => subtract(output, targets[o]!));
  for (const error of errors) note('error', layers.length - 1, range(error));
  if (errorRule === 'sign') errors = errors.map(() => within([-1, 1]));
  const [low, high] = layers.length > 1 && balance ? [1, 0] : [0, layers.length - 1]; // shares scale what a balance lets through
  for (let l = high; l >= low; l--) {
    const { inputs: width, outputs } = layers[l]!;
    const batch = phases[phase]!.batch;
    const rate = isGated(plan, phase) ? undefined : rawToReal(fullRate(plan, phase), plan.sites['rate']!.fractionLength);
    const gradients = errors.flatMap((error) => [...fed[l]!.map((value) => range(multiply(error, value))), ...(layers[l]!.bias ? [range(error)] : [])]);
    for (const gradient of gradients) {
      const [least, most] = withZero(gradient);
      note('gradientProduct', l, gradient);
      note('gradientAccumulator', l, [batch * least, batch * most]);
      note('gradient', l, gradient);
      if (rate !== undefined) note('update', l, [rate * least, rate * most]);
    }
    if (l === low) break;
    const above = errors;
    errors = Array.from({ length: width }, (_, i) => {
      let sum = constant(0);
      for (let o = 0; o < outputs; o++) sum = add(sum, multiply(parameters[l]![o * width + i]!, above[o]!));
      // Zero where a ReLU is off.
      const error = layers[l - 1]!.activation === 'relu' ? within(withZero(range(sum))) : sum;
      note('error', l - 1, range(error));
      return error;
    });
  }
  return found;
}
