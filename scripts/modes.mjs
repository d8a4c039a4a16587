// docs/modes.md and its drawings: every rounding and overflow mode as the quantiser of the compiled host does it.
import { VOCABULARIES, spelling } from '../dist/format/aliases.js';
import { OVERFLOW, OVERFLOWS, ROUNDING, ROUNDINGS } from '../dist/format/modes.js';
import { quantise, siteFormat } from '../dist/format/quantise.js';
import { randomWords } from '../dist/format/random.js';

/** Draws of a stochastic mode at each value drawn. */
const DRAWS = 256;
/** Bits discarded in the table of errors. */
const DISCARDED = 4;

const ROUNDED_FORMAT = { signed: true, wordLength: 16, fractionLength: 0, overflow: 'SAT' };
const OVERFLOWED_FORMAT = { signed: true, wordLength: 4, fractionLength: 0, rounding: 'TRN' };

const stochastic = (mode) => ROUNDING[mode].random !== undefined;
const number = (value) => String(Math.round(value * 10000) / 10000 + 0).replace('-', '−');

/** The raw of numerator/denominator; `draw` tells draws apart. */
function raw(numerator, denominator, format, draw = 0) {
  return Number(quantise({ numerator: BigInt(numerator), denominator: BigInt(denominator) }, format, randomWords(0, draw, 0, numerator + 2 ** 20)).raw);
}

// ——— drawings ———

const SIZE = { plot: 150, left: 34, top: 24, gap: 56, bottom: 34 };
const WIDTH = 2 * SIZE.left + 2 * SIZE.plot + SIZE.gap - 20;
const HEIGHT = SIZE.top + SIZE.plot + SIZE.bottom;

const STYLE = `
  text { font: 10px sans-serif; fill: #57606a; }
  .axis { stroke: #8c959f; stroke-width: 1; }
  .grid { stroke: #8c959f; stroke-width: .5; stroke-opacity: .35; }
  .ideal { stroke: #8c959f; stroke-width: 1; stroke-dasharray: 3 3; fill: none; }
  .curve { stroke: #0969da; stroke-width: 2; fill: none; }
  .dot { fill: #0969da; }
  .mean { stroke: #bc4c00; stroke-width: 1.5; fill: none; }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1; }
    .curve { stroke: #58a6ff; }
    .dot { fill: #58a6ff; }
    .mean { stroke: #f0883e; }
  }
`;

const place = (value) => String(Math.round(value * 100) / 100);

/** A square plot with a grid every `every`, x from −reach to reach, y from −height to height. */
function panel(left, { reach, height, every, title, x: xName }, shapes) {
  const x = (value) => place(left + ((value + reach) / (2 * reach)) * SIZE.plot);
  const y = (value) => place(SIZE.top + ((height - value) / (2 * height)) * SIZE.plot);
  const parts = [`<text x="${left}" y="${SIZE.top - 10}">${title}</text>`];
  const ticks = (limit, step) => Array.from({ length: 2 * Math.floor(limit / step) + 1 }, (_, i) => (i - Math.floor(limit / step)) * step);
  for (const tick of ticks(reach, every.x)) {
    parts.push(`<line class="${tick === 0 ? 'axis' : 'grid'}" x1="${x(tick)}" x2="${x(tick)}" y1="${y(-height)}" y2="${y(height)}"/>`);
    if (tick % (2 * every.x) === 0 || reach / every.x < 4) parts.push(`<text x="${x(tick)}" y="${place(Number(y(-height)) + 13)}" text-anchor="middle">${number(tick)}</text>`);
  }
  for (const tick of ticks(height, every.y)) {
    parts.push(`<line class="${tick === 0 ? 'axis' : 'grid'}" y1="${y(tick)}" y2="${y(tick)}" x1="${x(-reach)}" x2="${x(reach)}"/>`);
    if (tick % (2 * every.y) === 0 || height / every.y < 4) parts.push(`<text x="${left - 5}" y="${place(Number(y(tick)) + 3)}" text-anchor="end">${number(tick)}</text>`);
  }
  parts.push(`<text x="${x(0)}" y="${place(Number(y(-height)) + 27)}" text-anchor="middle">${xName}</text>`);
  return [...parts, ...shapes(x, y)].join('\n  ');
}

/** Both panels; `shapes(x, y, shift)` draws the curve, minus the input where `shift` is 1. */
function drawing(name, transfer, error, shapes) {
  const second = SIZE.left + SIZE.plot + SIZE.gap;
  const edge = Math.min(transfer.reach, transfer.height);
  const ideal = (x, y) => `<path class="ideal" d="M${x(-edge)} ${y(-edge)}L${x(edge)} ${y(edge)}"/>`;
  const draw = (plot, shift) => (x, y) => [...(shift === 0 ? [ideal(x, y)] : []), ...shapes(x, y, shift, plot)];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${name}: transfer curve and error">
  <style>${STYLE}  </style>
  ${panel(SIZE.left, transfer, draw(transfer, 0))}
  ${panel(second, error, draw(error, 1))}
</svg>
`;
}

const TRANSFER = { reach: 3, height: 3, every: { x: 1, y: 1 }, title: 'result', x: 'value, in LSB' };
const ERROR = { reach: 3, height: 1, every: { x: 1, y: 0.5 }, title: 'result − value, in LSB', x: 'value, in LSB' };

function roundingDrawing(mode) {
  const format = siteFormat({ ...ROUNDED_FORMAT, rounding: mode });
  return drawing(mode, TRANSFER, ERROR, stochastic(mode) ? drawnShapes(format) : ruleShapes(format));
}

/** Between two neighbouring half LSBs the result is one; the dots say what a half and a whole LSB themselves become. */
function ruleShapes(format) {
  return (x, y, shift, { reach }) => {
    let path = '';
    const dots = [];
    for (let halves = -2 * reach; halves <= 2 * reach; halves++) {
      const at = halves / 2;
      const [before, here, after] = [raw(2 * halves - 1, 4, format), raw(halves, 2, format), raw(2 * halves + 1, 4, format)];
      if (before !== here || here !== after) dots.push(`<circle class="dot" r="2.6" cx="${x(at)}" cy="${y(here - shift * at)}"/>`);
      if (halves < 2 * reach) path += `M${x(at)} ${y(after - shift * at)}L${x(at + 0.5)} ${y(after - shift * (at + 0.5))}`;
    }
    return [`<path class="curve" d="${path}"/>`, ...dots];
  };
}

/** Each value is drawn often: a dot is as dense as its result is frequent, the line is the mean. */
function drawnShapes(format) {
  return (x, y, shift, { reach }) => {
    const dots = [];
    const mean = [];
    for (let sixteenths = -16 * reach; sixteenths <= 16 * reach; sixteenths++) {
      const at = sixteenths / 16;
      const frequency = new Map();
      let sum = 0;
      for (let draw = 0; draw < DRAWS; draw++) {
        const result = raw(sixteenths, 16, format, draw);
        sum += result;
        frequency.set(result, (frequency.get(result) ?? 0) + 1);
      }
      for (const [result, times] of frequency) dots.push(`<circle class="dot" r="1.8" fill-opacity="${place(times / DRAWS)}" cx="${x(at)}" cy="${y(result - shift * at)}"/>`);
      mean.push(`${x(at)} ${y(sum / DRAWS - shift * at)}`);
    }
    return [...dots, `<path class="mean" d="M${mean.join('L')}"/>`];
  };
}

const WIDE_TRANSFER = { reach: 20, height: 10, every: { x: 4, y: 4 }, title: 'result', x: 'value, in LSB' };
const WIDE_ERROR = { reach: 20, height: 20, every: { x: 4, y: 4 }, title: 'result − value, in LSB', x: 'value, in LSB' };

/** Every overflow mode; those that take saturated bits with none, one and two. */
const OVERFLOW_CURVES = OVERFLOWS.flatMap((overflow) => (OVERFLOW[overflow].saturatedBits ? [0, 1, 2] : [0]).map((saturatedBits) => ({
  overflow, saturatedBits, name: OVERFLOW[overflow].saturatedBits ? `${overflow}, n = ${saturatedBits}` : overflow,
  file: `docs/modes/${overflow.toLowerCase()}${saturatedBits === 0 ? '' : `-${saturatedBits}`}.svg`,
  format: siteFormat({ ...OVERFLOWED_FORMAT, overflow, ...(saturatedBits > 0 && { saturatedBits }) }),
})));

function overflowDrawing({ name, format }) {
  return drawing(name, WIDE_TRANSFER, WIDE_ERROR, (x, y, shift, { reach, height }) => {
    let path = '';
    for (let value = -reach; value < reach; value++) {
      const result = raw(value, 1, format);
      const [from, to] = [result - shift * value, result - shift * (value + 1)];
      if (Math.max(Math.abs(from), Math.abs(to)) <= height) path += `M${x(value)} ${y(from)}L${x(value + 1)} ${y(to)}`;
    }
    return [`<path class="curve" d="${path}"/>`];
  });
}

// ——— the page ———

const roundingFile = (mode) => `docs/modes/${mode.toLowerCase()}.svg`;
const inDocs = (file) => file.replace('docs/', '');
const row = (cells) => `| ${cells.join(' | ')} |\n`;
const table = (head, rows) => [head, head.map(() => '---'), ...rows].map(row).join('');

/** What other tools call a mode. */
function otherNames(kind, mode) {
  const names = Object.values(VOCABULARIES).flatMap((vocabulary) => spelling(vocabulary[kind], mode) ?? []);
  return names.length === 0 ? '' : ` Elsewhere: ${names.map((name) => `\`${name}\``).join(', ')}.`;
}

const SHOWN_TIES = [-5, -3, -1, 1, 3, 5];
const SHOWN_OTHERS = [-5, -3, 3, 5];

function roundingRow(mode) {
  const format = siteFormat({ ...ROUNDED_FORMAT, rounding: mode });
  const results = (numerator, denominator) => [...new Set(Array.from({ length: stochastic(mode) ? DRAWS : 1 }, (_, draw) => raw(numerator, denominator, format, draw)))].sort((a, b) => a - b);
  return [`\`${mode}\``, ...SHOWN_TIES.map((halves) => results(halves, 2)), ...SHOWN_OTHERS.map((quarters) => results(quarters, 4))].map((cell) => (Array.isArray(cell) ? cell.map(number).join(' or ') : cell));
}

function errorRow(mode) {
  const format = siteFormat({ ...ROUNDED_FORMAT, rounding: mode });
  const scale = 2 ** DISCARDED;
  const draws = stochastic(mode) ? DRAWS : 1;
  const errors = (from, to) => {
    const list = [];
    for (let value = from; value < to; value++) for (let draw = 0; draw < draws; draw++) list.push(raw(value, scale, format, draw) - value / scale);
    return list;
  };
  const [below, above] = [errors(-2 * scale, 0), errors(1, 2 * scale + 1)];
  const mean = (list) => (list.reduce((sum, error) => sum + error, 0) / list.length).toFixed(3).replace(/^-0\.000$/, '0.000').replace('-', '−');
  const all = [...below, ...above];
  return [`\`${mode}\``, number(all.reduce((a, b) => Math.min(a, b))), number(all.reduce((a, b) => Math.max(a, b))), mean(below), mean(above)];
}

const SHOWN_OVERFLOWS = [-20, -17, -16, -9, -8, 7, 8, 15, 16, 20];

function page() {
  return `# Rounding and overflow modes

<!-- generated by scripts/modes.mjs -->

Every curve and figure here is what the quantiser does, not what it is meant to do. The definitions are in [numerics](numerics.md#2-quantise); how other tools spell the modes, in [formats](formats.md).

## Rounding

The dashed line is the value itself. Dots say what a value exactly half way, or exactly on a code, becomes. Where a mode draws, dots are as dense as their result is frequent and the line is the mean of ${DRAWS} draws.

What becomes of ties and of quarters:

${table(['mode', ...SHOWN_TIES.map((halves) => number(halves / 2)), ...SHOWN_OTHERS.map((quarters) => number(quarters / 4))], ROUNDINGS.map(roundingRow))}
Error in LSB, ${DISCARDED} bits discarded, over all values from −2 to 2: its ends, and its mean (the bias) below and above zero. A mean that is not zero accumulates; one of opposite signs pulls towards zero or away from it. Of a stochastic mode: what ${DRAWS} draws a value gave.

${table(['mode', 'smallest', 'largest', 'mean below zero', 'mean above zero'], ROUNDINGS.map(errorRow))}
${ROUNDINGS.map((mode) => `### ${mode}\n\n${sentence(ROUNDING[mode].about)}${otherNames('rounding', mode)}\n\n![${mode}: transfer curve and error](${inDocs(roundingFile(mode))})\n`).join('\n')}
## Overflow

A signed word of ${OVERFLOWED_FORMAT.wordLength} bits, −8 to 7, rounding TRN. n is the number of saturated bits.

${table(['mode', ...SHOWN_OVERFLOWS.map(number)], OVERFLOW_CURVES.map(({ name, format }) => [`\`${name}\``, ...SHOWN_OVERFLOWS.map((value) => number(raw(value, 1, format)))]))}
${OVERFLOWS.map((overflow) => `### ${overflow}\n\n${sentence(OVERFLOW[overflow].about)}${otherNames('overflow', overflow)}\n\n${OVERFLOW_CURVES.filter((curve) => curve.overflow === overflow).map(({ name, file }) => `![${name}: transfer curve and error](${inDocs(file)})`).join('\n')}\n`).join('\n')}`;
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

/** The page and its drawings, for scripts/generate.mjs. */
export const MODE_FILES = [
  { file: 'docs/modes.md', text: page },
  ...ROUNDINGS.map((mode) => ({ file: roundingFile(mode), text: () => roundingDrawing(mode) })),
  ...OVERFLOW_CURVES.map((curve) => ({ file: curve.file, text: () => overflowDrawing(curve) })),
];
