/** Random networks, samples and vectors for the instruments' tests. */
import fc from 'fast-check';
import { parameterCount, type DenseLayer, type Samples } from '../../src/instruments/network.js';
import { randomStream, uniform } from '../../src/signal/random.js';

/** Numbers uniform in [−1, 1). */
export function numbers(seed: number, count: number): Float64Array {
  const stream = randomStream(seed, 'data');
  return Float64Array.from({ length: count }, () => 2 * uniform(stream) - 1);
}

export interface Point {
  readonly layers: readonly DenseLayer[];
  readonly parameters: Float64Array;
  readonly samples: Samples;
}

export function point(layers: readonly DenseLayer[], count: number, seed: number): Point {
  return {
    layers,
    parameters: numbers(seed, parameterCount(layers)),
    samples: { count, inputs: numbers(seed + 1, count * layers[0]!.inputs), targets: numbers(seed + 2, count * layers.at(-1)!.outputs) },
  };
}

export const dense = (inputs: number, outputs: number, activation: DenseLayer['activation'] = 'linear', bias = false): DenseLayer => ({ inputs, outputs, activation, bias });

/** Networks of one to three layers of every kind, with samples. */
export const points = (hidden: readonly DenseLayer['activation'][] = ['relu', 'linear', 'sigmoid']): fc.Arbitrary<Point> =>
  fc.record({
    widths: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 4 }),
    inside: fc.array(fc.record({ activation: fc.constantFrom(...hidden), bias: fc.boolean() }), { minLength: 3, maxLength: 3 }),
    last: fc.constantFrom('linear' as const, 'sigmoid' as const),
    count: fc.integer({ min: 1, max: 6 }),
    seed: fc.integer({ min: 0, max: 1_000_000 }),
  }).map(({ widths, inside, last, count, seed }) =>
    point(widths.slice(1).map((outputs, l) => dense(widths[l]!, outputs, l === widths.length - 2 ? last : inside[l]!.activation, inside[l]!.bias)), count, seed));
