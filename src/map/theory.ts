/** What theory says of plain gradient descent on one linear layer: it is stable while η·λmax(XᵀX/N) < STABILITY_LIMIT. */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { REFERENCE_INPUTS } from '../compare/reference.js';
import type { Batch } from '../core/session.js';
import type { Plan } from '../schema/plan.js';

/**
 * η·λmax(XᵀX/N) for the last phase's η and the rows of a batch as the chip is given them, with a column of ones where the layer has a bias.
 * Undefined where theory does not say: other than one linear layer, more than 256 inputs, or steps that do not see all rows at once.
 */
export function stabilityMargin(plan: Plan, { inputs, count }: Batch): number | undefined {
  const [layer, ...behind] = plan.layers;
  const phase = plan.phases.at(-1)!;
  if (layer?.activation !== 'linear' || behind.length > 0 || layer.inputs > REFERENCE_INPUTS || phase.batch !== plan.data.rows || count !== plan.data.rows) return undefined;
  const width = layer.inputs + (layer.bias ? 1 : 0);
  const sums = Array.from({ length: width }, () => new Float64Array(width));
  const row = new Float64Array(width).fill(1);
  for (let r = 0; r < count; r++) {
    for (let i = 0; i < layer.inputs; i++) row[i] = inputs[r * layer.inputs + i]!;
    for (let i = 0; i < width; i++) for (let j = 0; j <= i; j++) sums[i]![j]! += row[i]! * row[j]!;
  }
  const gram = new Matrix(sums.map((_, i) => sums.map((__, j) => sums[Math.max(i, j)]![Math.min(i, j)]! / count)));
  return phase.learningRate.value * Math.max(...new EigenvalueDecomposition(gram, { assumeSymmetric: true }).realEigenvalues);
}
