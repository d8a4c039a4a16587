/**
 * Activations as smooth functions of the pre-activation z, with what the derivatives of a network need of them. The sigmoid is σ itself,
 * not the table a chip looks it up in. Derivatives of ReLU at its kink are 0, as the mask of docs/numerics.md §5 has them.
 */

export interface Activation {
  /** a(z). */
  readonly value: (z: number) => number;
  /** a′(z). */
  readonly slope: (z: number) => number;
  /** a″(z). */
  readonly bend: (z: number) => number;
  /** An integral of a: A′ = a. It makes the loss A(z) − y·z + y²/2, whose derivative in z is a(z) − y, the error a step learns by. */
  readonly integral: (z: number) => number;
}

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

export const ACTIVATIONS = {
  linear: { value: (z) => z, slope: () => 1, bend: () => 0, integral: (z) => (z * z) / 2 },
  relu: { value: (z) => Math.max(z, 0), slope: (z) => (z > 0 ? 1 : 0), bend: () => 0, integral: (z) => Math.max(z, 0) ** 2 / 2 },
  sigmoid: {
    value: sigmoid,
    slope: (z) => sigmoid(z) * sigmoid(-z),
    bend: (z) => sigmoid(z) * sigmoid(-z) * (sigmoid(-z) - sigmoid(z)),
    integral: (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))),
  },
} as const satisfies Record<string, Activation>;
export type ActivationName = keyof typeof ACTIVATIONS;
