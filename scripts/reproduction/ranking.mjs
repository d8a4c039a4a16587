// Which controller survives which stress on which shipped target.
import { readdirSync } from 'node:fs';
import { compare } from '../../dist/compare/compare.js';
import { table } from './summary.mjs';

const STRESSES = ['stress-learning-rate', 'stress-gain', 'exp-000c', 'stress-offset', 'stress-spike', 'stress-dead-column', 'supervisor-burst'];
const CONTROLLERS = ['none', 'clip', 'nlms', 'gt0/secant', 'gt0/trace', 'gt1/secant', 'gt2-qa/secant', 'table'];
const ALIVE = ['survives', 'degraded'];
/** Targets that take one sample a step get the stress sample by sample. */
const SINGLE = (phases) => phases.map((_, index) => `experiment.phases.${index}.batch=1`);

const targets = () => readdirSync(new URL('../../hw-profiles/targets', import.meta.url)).filter((name) => name.endsWith('.json')).map((name) => name.replace('.json', '')).sort();

async function verdicts(profile, experiment) {
  const options = { experiment, profile, anchor: ['none'], supervisor: experiment === 'supervisor-burst' ? 'rollback' : undefined, tries: false };
  const of = {};
  for (const throttle of CONTROLLERS) {
    for (const set of [[], SINGLE([0, 1, 2])]) {
      try {
        const { runs } = await compare({ ...options, throttle: [throttle], set: set.slice(0, experiment === 'supervisor-burst' ? 3 : 2) });
        of[throttle] = runs[0].verdict.fixed;
        break;
      } catch (error) {
        if (error.name !== 'QrailsError') throw error;
      }
    }
  }
  return of;
}

export async function ranking() {
  const rows = [];
  const wins = Object.fromEntries(CONTROLLERS.map((name) => [name, 0]));
  let cells = 0;
  for (const profile of targets()) {
    const row = [`\`${profile}\``];
    for (const experiment of STRESSES) {
      const of = await verdicts(profile, experiment);
      if (Object.keys(of).length === 0) {
        row.push('—');
        continue;
      }
      cells++;
      const alive = (verdict) => CONTROLLERS.filter((name) => of[name] === verdict);
      for (const name of CONTROLLERS) if (ALIVE.includes(of[name])) wins[name]++;
      const [survives, degraded] = ALIVE.map(alive);
      const list = (names) => names.map((name) => name.replace('/secant', '/s').replace('/trace', '/t')).join(' ');
      const every = Object.keys(of).length;
      const name = (names) => (names.length === every ? 'all' : list(names));
      row.push(survives.length > 0 ? name(survives) : degraded.length > 0 ? `(${name(degraded)})` : 'none');
    }
    rows.push(row);
  }
  const order = CONTROLLERS.map((name) => [name, wins[name]]).sort((a, b) => b[1] - a[1]);
  return `## Which controller survives where

Every shipped target under every stress, one seed, with each of ${CONTROLLERS.map((name) => `\`${name}\``).join(', ')} (\`/s\` secant, \`/t\` trace). A cell names those whose verdict on the target is "survives"; in brackets those that end degraded where none survives;
"none" where every one ends in a dead zone, a limit cycle or diverged; "—" where the target takes none of it. Targets that learn sample by sample get the stress that way. Formats that end at ±1 (q7, q15, q31) clip the drifted inputs: what survives there, survives by its rails. \`supervisor-burst\` is run with the supervisor.

Survivals and degradations in ${cells} cells: ${order.map(([name, count]) => `\`${name}\` ${count}`).join(', ')}.

${table(['target', ...STRESSES.map((name) => name.replace('stress-', ''))], rows)}`;
}
