import { dirname, resolve } from 'node:path';
import type { MatcherState } from 'vitest';
import { makeBaseline, recordAgain } from '../check/baseline.js';
import { holdAgainst } from '../check/check.js';
import { baselineText, loadBaseline, saveBaseline } from '../check/file.js';
import { portableOptions } from '../check/paths.js';
import { checkText } from '../check/print.js';
import { shellWord } from '../compare/command.js';
import { QrailsError } from '../errors.js';
import type { Baseline } from '../schema/baseline.js';
import type { Run } from './simulate.js';
import { callText, failureText } from './message.js';
import { subjectOf, wrong, type Named } from './subject.js';

const MATCHER = 'toMatchBaseline';

interface Result {
  readonly pass: boolean;
  readonly message: () => string;
}

/**
 * Holds a run against a baseline file, as `qrails check` does. The file is made where there is none and Vitest would write a new snapshot (not
 * under CI); with Vitest's `-u` what was recorded is recorded again. Bounds stay as they are written, so a broken one still fails.
 *
 * Throws at once, and not in its promise, where it is called in a way that could never tell anything.
 *
 * @param file path, from the folder of the test file
 */
export function toMatchBaseline(this: MatcherState, received: unknown, file: string): Promise<Result> {
  const subject = subjectOf(MATCHER, received);
  const asymmetric = (this as Partial<MatcherState>).assertion === undefined;
  if (asymmetric) {
    throw wrong(MATCHER, 'reads a file, which cannot be waited for inside another matcher', `expect.${MATCHER}()`, `await expect(run).${MATCHER}(file)`);
  }
  if (this.isNot) throw wrong(MATCHER, 'cannot be used with not: nothing would be recorded', `.not.${MATCHER}()`, `expect(run).${MATCHER}(file)`);
  if (typeof file !== 'string' || file === '' || file === '-') throw wrong(MATCHER, 'takes a file', JSON.stringify(file), 'a path, from the folder of the test');
  const run = received as Partial<Run>;
  if (!run.plan || !run.options || !run.comparison) {
    throw wrong(MATCHER, 'a comparison alone does not say how to run it again', 'a result of compare()', 'a run of simulate()', 'simulate({ experiment, profile, … })');
  }
  return match(this, subject, received as Run, file);
}

async function match({ snapshotState, testPath, task }: MatcherState, subject: Named, run: Run, file: string): Promise<Result> {
  const path = resolve(testPath === undefined ? process.cwd() : dirname(testPath), file);
  const { comparison, plan, directory } = run;
  const compared = { comparison, plans: [plan] };
  const options = portableOptions({ ...run.options, directory }, dirname(path));
  const mode = snapshotState.snapshotUpdateState;
  const tell = (counter: 'added' | 'updated' | 'matched' | 'unmatched'): void => snapshotState[counter].increment(task?.id ?? '');
  const [call, expected] = [callText(MATCHER, false, file), `a run as recorded in ${file}`];

  const recorded = await readIfThere(path);
  if (recorded === undefined) {
    if (mode === 'none') {
      tell('unmatched');
      const received = ['there is no such file, and none is made under CI'];
      const last = ['record it: run the test where CI is not set, or with -u, and commit the file'];
      return { pass: false, message: () => failureText(subject, { call, expected, received, last }) };
    }
    await saveBaseline(path, makeBaseline(compared, options));
    tell('added');
    return { pass: true, message: () => '' };
  }

  const several = recorded.runs.length > 1; // the others have not been run
  const baseline = mode === 'all' && !several ? recordAgain(recorded, compared, options) : recorded;
  const updated = baseline !== recorded && baselineText(baseline) !== baselineText(recorded);
  if (updated) await saveBaseline(path, baseline);
  const check = holdAgainst(ownRun(baseline, run), compared);
  tell(!check.passed ? 'unmatched' : updated ? 'updated' : 'matched');
  return {
    pass: check.passed,
    message: () => failureText(subject, {
      call, expected, received: checkText(check, { rows: 12 }).trimEnd().split('\n'),
      last: [check.rows.some(({ passed, heldBy }) => !passed && heldBy === 'bound') ? requirement(file) : renewal(file, several)],
    }),
  };
}

const requirement = (file: string): string =>
  `a bound is a requirement, which -u leaves. If another is right, write it into ${file} with its reason`;
const renewal = (file: string, several: boolean): string =>
  `if the change is meant, record it again with ${several ? `npx qrails baseline update ${shellWord(file)}, as the file holds several runs` : '-u (in watch mode, u)'}, and read the diff`;

/** The baseline, or undefined where there is no file of this name. */
async function readIfThere(path: string): Promise<Baseline | undefined> {
  try {
    return (await loadBaseline(path)).baseline;
  } catch (error) {
    if (error instanceof QrailsError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/** A baseline of several runs, with only the one of these controllers; with all where it has none, so that the check says so. */
function ownRun(baseline: Baseline, { throttle, anchor }: Run): Baseline {
  const runs = baseline.runs.filter((run) => run.throttle === throttle && run.anchor === anchor);
  return runs.length > 0 ? { ...baseline, runs } : baseline;
}
