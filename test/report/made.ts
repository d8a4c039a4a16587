/** Reports to look at: real ones, small; and the same with hostile text wherever text can come from outside. */
import { compare, type CompareOptions } from '../../src/compare/compare.js';
import { findPartings } from '../../src/compare/parting.js';
import type { ReportInput, ReportRun } from '../../src/report/html/page.js';
import { recordCurves } from '../../src/report/html/record.js';

/** What `report` renders, before it is rendered. */
export async function reportInput(options: CompareOptions): Promise<ReportInput> {
  const record = recordCurves();
  const comparison = await compare({ ...options, record: 'full', trace: record.trace });
  const runs: ReportRun[] = [];
  for (const { plan, dataset, curves } of record.runs) {
    const [parting] = await findPartings([{ plan, kind: 'float' }, { plan, kind: 'fixed' }], [[0, 1]], dataset);
    runs.push({ plan, curves: curves(), parting });
  }
  return { comparison, runs };
}

/** Gain drift, 60 steps of it: overflows, prescriptions, a float64 run that runs away. */
export const smallInput = (): Promise<ReportInput> =>
  reportInput({ profile: 'dspic33-sat39', throttle: ['none', 'gt0/secant'], steps: 60, set: ['experiment.phases[0].batch=20', 'experiment.phases[1].batch=20', 'experiment.data.rows=20'] });

export const HOSTILE = [
  '</script><script>hacked=1</script>', '"><img src=x onerror=hacked=1>', '<!--<script>hacked=1//', "' onfocus='hacked=1' autofocus='", '</style></title></textarea><svg onload=hacked=1>',
  ']]>&lt;script&gt;hacked=1&lt;/script&gt;', '\u2028\u2029\u202e\u0000\ud800${hacked=1}`', 'javascript:hacked=1', '</details></main></body></html><iframe srcdoc="<script>parent.hacked=1</script>">',
] as const;

/** The same report with one text in every place that holds text of a user, or might. */
export function hostile({ comparison, runs }: ReportInput, text: string): ReportInput {
  const { plan } = comparison;
  return {
    comparison: {
      ...comparison,
      plan: { ...plan, experiment: text, title: text, profile: text, sensor: text },
      concerns: comparison.concerns.map((concern) => ({ ...concern, where: text, message: text, found: text, expected: text, try: text })),
      runs: comparison.runs.map((run) => ({
        ...run, throttle: text, anchor: text,
        ...(run.flags && { flags: run.flags.map((flag) => ({ ...flag, name: text })) }),
        verdict: { ...run.verdict, why: run.verdict.why.map(() => text), try: run.verdict.try.map((one) => ({ ...one, why: text, change: [text], command: text, effect: text })) },
        fixed: {
          ...run.fixed,
          sites: Object.fromEntries(Object.entries(run.fixed.sites).map(([key, site]) => [key, {
            ...site,
            firstOverflow: site.firstOverflow && { ...site.firstOverflow, ...(site.firstOverflow.operands && { operands: site.firstOverflow.operands.map((operand) => ({ ...operand, name: text })) }) },
          }])),
        },
      })),
    },
    runs: runs.map(({ plan: one, curves, parting }) => {
      const named = (part: NonNullable<ReportRun['parting']>['first']): typeof part => part && { ...part, name: text, operands: part.operands.map((operand) => ({ ...operand, name: text })) };
      return { plan: { ...one, data: { ...one.data, sha256: text } }, curves, parting: parting && { steps: parting.steps, first: named(parting.first), beyond: named(parting.beyond) } };
    }),
  };
}
