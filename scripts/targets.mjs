// docs/targets.md: every shipped target, and where a fixed learner parts on each, as the compiled host and core do it.
//   node scripts/targets.mjs           writes what changed
//   node scripts/targets.mjs --check   writes nothing; names a stale page and exits with 1
import { flagsText } from '../dist/compare/flags.js';
import { figure, percent } from '../dist/compare/figure.js';
import { DEFAULT_DATA_EXPERIMENT, DEFAULT_EXPERIMENT } from '../dist/compare/prepare.js';
import { compareTargets, REFERENCE } from '../dist/compare/targets.js';
import { list } from '../dist/document/catalogue.js';
import { formatName } from '../dist/format/format.js';
import { resolveFormats } from '../dist/plan/formats.js';
import { loadProfile } from '../dist/profile/load.js';
import { partingLines, placeText } from '../dist/report/targets.js';
import { siteKey, SITES } from '../dist/site/sites.js';
import { keep, table as plainTable } from './page.mjs';

const FILE = 'docs/targets.md';
/** What the others are held against: one of the many with q15 numbers, so that what is shown is not resolution alone. */
const BASE = 'cortex-m4-q15';
const NAMES = [BASE, ...list('profile').filter((name) => name !== BASE)];
/** A learner that fits targets whose numbers lie within −1 and 1, and one that presses on the rails of all. */
const LEARNERS = [DEFAULT_DATA_EXPERIMENT, DEFAULT_EXPERIMENT];
const NONE = '–';

const code = (text) => `\`${text}\``;
const link = (name) => `[${name}](#${name})`;
const cell = (text) => String(text).replaceAll('|', '\\|');
const table = (head, lines) => plainTable(head.map(cell), lines.map((line) => line.map(cell)));

function accumulation({ accumulate = {} }) {
  const { accumulator = 'each', gradientAccumulator = 'end', order = 'ascending' } = accumulate;
  const when = (rule) => (typeof rule === 'number' ? `every ${rule}` : rule);
  return `${when(accumulator)}, gradients ${when(gradientAccumulator)}${order === 'ascending' ? '' : `, ${order}`}`;
}

const divider = ({ divide = {} }) => `${divide.method ?? 'exact'}${divide.bits === undefined ? '' : ` ${divide.bits} bits`}`;
const flag = ({ name, kind, bits, sites }) => `${name} (${kind}${bits === undefined ? '' : ` ${bits} bits`}: ${sites.join(', ')})`;

/** Formats of a network of one layer and batches of one. */
const formatsOf = (profile) => resolveFormats(profile, { layers: 1, batch: 1, calibration: 1 }, profile.name);

function summary(profiles) {
  return table(
    ['target', 'signals', 'weight', 'accumulator', 'quantised', 'divider', 'flags'],
    profiles.map((profile) => {
      const formats = formatsOf(profile);
      const format = (name) => code(formatName(formats[siteKey(name)]));
      return [link(profile.name), format('input'), format('weight'), format('accumulator'), accumulation(profile), divider(profile), profile.hardware?.flags?.map(({ name }) => name).join(', ') || NONE];
    }),
  );
}

function description(profile) {
  const { name, title = name, about, source, leavesOut = [], sites, hardware, accumulate, divide, batch } = profile;
  const formats = formatsOf(profile);
  const rows = Object.entries(sites).flatMap(([key, site]) => {
    const format = formats[key in SITES ? siteKey(key) : key];
    if (!format) return []; // a layer this network has not
    const { rounding, overflow } = format;
    return [[code(key), code(formatName(format)), rounding, overflow, site.source ?? source ?? NONE]];
  });
  const fact = (label, text, from) => (text === undefined ? [] : [`* ${label}: ${text}${from === undefined ? '' : ` (${from})`}`]);
  const facts = [
    ...fact('running sums', accumulation(profile), accumulate?.source),
    ...fact('divider of controllers', divider(profile), divide?.source),
    ...fact('batch', `${batch?.sizes ?? 'any'}, mean by ${batch?.division ?? 'exact'}`, batch?.source),
    ...(hardware?.flags ?? []).flatMap((one) => fact('flag', flag(one), one.source)),
    ...fact('leaves out', leavesOut.length === 0 ? undefined : leavesOut.join('; ')),
    ...fact('source', source),
  ];
  return `### ${name}\n\n**${title}**${about === undefined ? '' : `. ${about}`}\n\n${table(['site', 'format', 'rounding', 'overflow', 'source'], rows)}\n${facts.join('\n')}\n`;
}

async function learner(experiment) {
  const { plan, reference, targets, parts } = await compareTargets({ experiment, profiles: NAMES });
  const partOf = new Map(parts.map((part) => [part.target, part]));
  const rows = targets.map(({ target, ran, refused }) => {
    if (refused) return [link(target), `refused: ${refused.message}`, ...Array(5).fill('')];
    const { finalLoss, lossRatio, verdict, firstOverflow, stalledSteps, steps } = ran;
    const { beyond } = partOf.get(target);
    return [
      link(target), figure(finalLoss), lossRatio === null ? NONE : figure(lossRatio), verdict, firstOverflow ? `${code(firstOverflow.name)} at ${firstOverflow.step}` : NONE,
      percent(stalledSteps / steps), beyond ? placeText(beyond) : NONE,
    ];
  });
  const partings = parts.map((part) => `* **${part.target}** against ${part.base}\n${partingLines(part).map(({ label, text }) => `  * ${label}: ${text}`).join('\n')}`);
  const flags = targets.flatMap(({ target, ran }) => (ran?.flags ? [`* ${target}: ${flagsText(ran.flags)}`] : []));
  return `## ${plan.title} (${plan.experiment})

${plan.steps} steps, sensor ${plan.sensor} from step ${plan.stressFrom} on, seed ${plan.seed}, throttle ${plan.throttle}. In ${REFERENCE} it ends with a loss of ${figure(reference.finalLoss)}: ${reference.verdict}.

${table(['target', 'final loss', `× ${REFERENCE}`, 'verdict', 'first overflow', 'stalled', 'parts by more than a last place'], rows)}
<details><summary>Where each parts, with both values and their operands</summary>

${partings.join('\n')}

</details>

Flags that would have risen:

${flags.join('\n')}
`;
}

async function page() {
  const profiles = [];
  for (const name of list('profile')) profiles.push((await loadProfile(name)).value);
  const learners = [];
  for (const experiment of LEARNERS) learners.push(await learner(experiment));
  return `# Targets

<!-- written by scripts/targets.mjs -->

Every target that comes with qrails, what it leaves out, and where the same learner leaves the others on it. \`npx qrails compare EXPERIMENT --profile a,b,c\` does the same for any targets.

The base, ${link(BASE)}, is held against ${REFERENCE}, and every other target against the base. Values of a step are compared as real numbers, in the order of a step
([numerics](numerics.md)): input, target, products, accumulator, activation, error, loss, gradients, curvature, throttle, rate, update, weight, bias. **first** is the first value that differs at all;
formats of different resolution differ at once, by what rounding to their last places explains. **parts** is the first that differs by more than one last place of the coarser of the two formats.

"Quantised" says after how many products a running sum is rounded; ranges and names of formats are explained in [formats](formats.md), modes in [modes](modes.md).

${summary(profiles)}
${learners.join('\n')}
## Every target

${profiles.map(description).join('\n')}`;
}

const wanted = await page();
keep({ [FILE]: wanted });
