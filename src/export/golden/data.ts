/** Golden values as data: CSV, NumPy and NDJSON files of the same integers. */
import type { Plan } from '../../schema/plan.js';
import { npyTable } from './npy.js';
import { ROW_FIELDS, type Golden, type GoldenStep } from './run.js';

/** Columns of a step before its parameters. */
export const STEP_COLUMNS = ['step', 'batch', 'count', ...ROW_FIELDS, 'flags', 'events', 'stateCrc32'] as const;

/** `layer0.weight[1][3]`, in the order of the parameters. */
export function parameterNames({ layers }: Plan): string[] {
  return layers.flatMap(({ inputs, outputs, bias }, layer) => [
    ...Array.from({ length: outputs * inputs }, (_, k) => `layer${layer}.weight[${Math.floor(k / inputs)}][${k % inputs}]`),
    ...Array.from({ length: bias ? outputs : 0 }, (_, k) => `layer${layer}.bias[${k}]`),
  ]);
}

const stepColumns = ({ batches }: Golden, { batch, row, flags, events, stateCrc32 }: GoldenStep, step: number): (bigint | number)[] => [
  step, batch, batches[batch]!.count, ...ROW_FIELDS.map((field) => row[field]), flags, events, Number.parseInt(stateCrc32, 16),
];

/** A batch as rows: each sample's inputs and targets. */
function samplesOf({ data }: Plan, { count, inputs, targets }: Golden['batches'][number]): { inputs: readonly number[]; targets: readonly number[] }[] {
  return Array.from({ length: count }, (_, k) => ({
    inputs: inputs.slice(k * data.inputs, (k + 1) * data.inputs), targets: targets.slice(k * data.targets, (k + 1) * data.targets),
  }));
}

/** Every file by name, with what it is. Integers throughout; text is ASCII, lines end in \n. */
export function goldenData(plan: Plan, golden: Golden, prefix: string): Record<string, { readonly content: string | Uint8Array; readonly about: string }> {
  const { steps, batches, evaluation } = golden;
  const { inputs, targets } = plan.data;
  const names = parameterNames(plan);
  const rows = steps.map((step, k) => stepColumns(golden, step, k));
  const parameters = steps.map((step) => step.parameters.flat());
  const samples = batches.map((batch) => samplesOf(plan, batch));
  const columns = (name: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${name}${index}`);
  let first = 0;
  const places = batches.map(({ count }) => [(first += count) - count, count]);
  return {
    [`${prefix}_golden_steps.csv`]: {
      content: csv([...STEP_COLUMNS, ...names], rows.map((row, k) => [...row, ...parameters[k]!])), about: 'a row a step: what it was given, its row, the parameters after it',
    },
    [`${prefix}_golden_samples.csv`]: {
      content: csv(['batch', 'sample', ...columns('input', inputs), ...columns('target', targets)], samples.flatMap((batch, b) => batch.map((sample, k) => [b, k, ...sample.inputs, ...sample.targets]))),
      about: 'a row a sample of every batch',
    },
    [`${prefix}_golden_rows.npy`]: { content: npyTable(rows, STEP_COLUMNS.length), about: `int64, a row a step: ${STEP_COLUMNS.join(', ')}` },
    [`${prefix}_golden_parameters.npy`]: { content: npyTable(parameters, names.length), about: 'int64, a row a step: the parameters after it' },
    [`${prefix}_golden_batches.npy`]: { content: npyTable(places, 2), about: 'int64, a row a batch: its first sample and its samples' },
    [`${prefix}_golden_inputs.npy`]: { content: npyTable(samples.flat().map((sample) => sample.inputs), inputs), about: 'int64, a row a sample: its inputs' },
    [`${prefix}_golden_targets.npy`]: { content: npyTable(samples.flat().map((sample) => sample.targets), targets), about: 'int64, a row a sample: its targets' },
    [`${prefix}_golden.ndjson`]: {
      content: ndjson([
        ...batches.map((_, batch) => ({ kind: 'batch', batch, samples: samples[batch] })),
        ...steps.map(({ batch, row, flags, events, stateCrc32 }, step) => ({
          kind: 'step', step, batch, ...texts(row), flags, events, stateCrc32, parameters: Object.fromEntries(names.map((name, k) => [name, parameters[step]![k]])),
        })),
        { kind: 'evaluation', batch: evaluation.batch, loss: String(evaluation.loss), outputs: evaluation.outputs },
        { kind: 'state', step: golden.state.step, values: golden.state.values, stateCrc32: golden.stateCrc32 },
      ]),
      about: 'an object a line: batches, steps, the evaluation, the state after the last step',
    },
  };
}

const csv = (header: readonly string[], rows: readonly (readonly (bigint | number)[])[]): string => [header, ...rows].map((row) => `${row.join()}\n`).join('');

const ndjson = (objects: readonly object[]): string => objects.map((object) => `${JSON.stringify(object)}\n`).join('');

/** Raws that may need more bits than a JSON number keeps, as text. */
const texts = (row: GoldenStep['row']): Record<string, string> => Object.fromEntries(ROW_FIELDS.map((field) => [field, String(row[field])]));
