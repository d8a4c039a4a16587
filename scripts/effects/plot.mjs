// Curves as SVG: laws as dashed lines, measurements as marks with intervals. Readable on light and dark pages.

const SIZE = { plotWidth: 300, plotHeight: 210, left: 52, top: 30, gap: 62, bottom: 40, right: 20, line: 16 };
const COLOURS = [['#0969da', '#58a6ff'], ['#bc4c00', '#f0883e'], ['#1a7f37', '#3fb950'], ['#8250df', '#bc8cff'], ['#57606a', '#9198a1']];

const STYLE = `
  text { font: 11px Helvetica, Arial, sans-serif; fill: #57606a; }
  .title { font-weight: bold; }
  .axis { stroke: #8c959f; stroke-width: 1; fill: none; }
  .grid { stroke: #8c959f; stroke-width: .5; stroke-opacity: .35; }
${COLOURS.map(([light], k) => `  .c${k} { stroke: ${light}; fill: ${light}; }\n`).join('')}  .line { fill: none; stroke-width: 1.5; }
  .law { fill: none; stroke-width: 1.5; stroke-dasharray: 5 3; }
  .bar { fill: none; stroke-width: 1; }
  .mark { stroke: none; }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1; }
${COLOURS.map(([, dark], k) => `    .c${k} { stroke: ${dark}; fill: ${dark}; }\n`).join('')}  }
`;

const n = (value) => String(Number(value.toFixed(2)));
const escape = (text) => text.replace(/[&<>"]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character]);
const signed = (value) => String(value).replace('-', '−');

const MARKS = [
  (x, y) => `<circle cx="${n(x)}" cy="${n(y)}" r="3"/>`,
  (x, y) => `<rect x="${n(x - 2.7)}" y="${n(y - 2.7)}" width="5.4" height="5.4"/>`,
  (x, y) => `<path d="M${n(x)} ${n(y - 3.6)}L${n(x + 3.3)} ${n(y + 2.5)}H${n(x - 3.3)}Z"/>`,
  (x, y) => `<path d="M${n(x)} ${n(y - 3.8)}L${n(x + 3.8)} ${n(y)}L${n(x)} ${n(y + 3.8)}L${n(x - 3.8)} ${n(y)}Z"/>`,
  (x, y) => `<path d="M${n(x)} ${n(y + 3.6)}L${n(x + 3.3)} ${n(y - 2.5)}H${n(x - 3.3)}Z"/>`,
];

const steps = ([from, to, every]) => Array.from({ length: Math.floor((to - from) / every + 1e-9) + 1 }, (_, k) => from + k * every);

function panel({ title, x, y, series }, left) {
  const across = (value) => left + ((value - x.range[0]) / (x.range[1] - x.range[0])) * SIZE.plotWidth;
  const down = (value) => SIZE.top + ((y.range[1] - value) / (y.range[1] - y.range[0])) * SIZE.plotHeight;
  const bottom = SIZE.top + SIZE.plotHeight;
  const name = (axis, value) => escape(axis.name ? axis.name(value) : signed(value));
  const parts = [`<text class="title" x="${left}" y="${SIZE.top - 12}">${escape(title)}</text>`];
  for (const value of steps(x.range)) {
    parts.push(`<line class="grid" x1="${n(across(value))}" x2="${n(across(value))}" y1="${SIZE.top}" y2="${bottom}"/>`, `<text x="${n(across(value))}" y="${bottom + 15}" text-anchor="middle">${name(x, value)}</text>`);
  }
  for (const value of steps(y.range)) {
    parts.push(`<line class="grid" x1="${left}" x2="${left + SIZE.plotWidth}" y1="${n(down(value))}" y2="${n(down(value))}"/>`, `<text x="${left - 6}" y="${n(down(value) + 4)}" text-anchor="end">${name(y, value)}</text>`);
  }
  parts.push(`<path class="axis" d="M${left} ${SIZE.top}V${bottom}H${left + SIZE.plotWidth}"/>`, `<text x="${left + SIZE.plotWidth / 2}" y="${bottom + 32}" text-anchor="middle">${escape(x.label)}</text>`, `<text transform="translate(${left - 40} ${SIZE.top + SIZE.plotHeight / 2}) rotate(-90)" text-anchor="middle">${escape(y.label)}</text>`);
  const inside = (value) => Math.min(y.range[1], Math.max(y.range[0], value));
  for (const { colour, law, joined, points } of series) {
    if (law || joined) parts.push(`<path class="${law ? 'law' : 'line'} c${colour}" d="${path(points, y.range, across, down)}"/>`);
    if (law) continue;
    for (const point of points.filter((of) => of.y >= y.range[0] && of.y <= y.range[1])) {
      if (point.low !== undefined && down(inside(point.low)) - down(inside(point.high)) > 1) parts.push(`<path class="bar c${colour}" d="M${n(across(point.x))} ${n(down(inside(point.low)))}V${n(down(inside(point.high)))}"/>`);
      parts.push(`<g class="mark c${colour}">${MARKS[colour](across(point.x), down(point.y))}</g>`);
    }
  }
  return parts.join('\n');
}

/** The line through points, cut where it leaves the range of y. */
function path(points, [low, high], across, down) {
  let text = '';
  for (let k = 1; k < points.length; k++) {
    const [a, b] = [points[k - 1], points[k]];
    const cut = [0, 1, ...[low, high].map((limit) => (limit - a.y) / (b.y - a.y))].filter((part) => part >= 0 && part <= 1).sort((p, q) => p - q);
    for (let piece = 1; piece < cut.length; piece++) {
      const at = (part) => ({ x: a.x + part * (b.x - a.x), y: a.y + part * (b.y - a.y) });
      const middle = at((cut[piece - 1] + cut[piece]) / 2).y;
      if (cut[piece] === cut[piece - 1] || middle < low || middle > high) continue;
      const [from, to] = [at(cut[piece - 1]), at(cut[piece])];
      text += `M${n(across(from.x))} ${n(down(from.y))}L${n(across(to.x))} ${n(down(to.y))}`;
    }
  }
  return text;
}

/**
 * Panels beside each other, a legend below each.
 *
 * @param panels `{ title, x, y, series }`; an axis is `{ label, range: [from, to, every], name? }`, a series `{ name, colour, law?, joined?, points: [{ x, y, low?, high? }] }`
 *   with a name where it is in the legend
 */
export function figure(title, panels) {
  const lefts = panels.map((_, k) => SIZE.left + k * (SIZE.plotWidth + SIZE.gap));
  const width = lefts.at(-1) + SIZE.plotWidth + SIZE.right;
  const top = SIZE.top + SIZE.plotHeight + SIZE.bottom + 12;
  const named = panels.map(({ series }) => series.filter(({ name }) => name !== undefined));
  const legend = named.flatMap((entries, column) => entries.map(({ name, colour, law, joined }, row) => {
    const [x, y] = [lefts[column], top + row * SIZE.line];
    const line = law || joined ? `<path class="${law ? 'law' : 'line'} c${colour}" d="M${x} ${y}h26"/>` : '';
    const mark = law ? '' : `<g class="mark c${colour}">${MARKS[colour](x + 13, y)}</g>`;
    return `${line}${mark}<text x="${x + 34}" y="${y + 4}">${escape(name)}</text>`;
  }));
  const height = top + Math.max(...named.map(({ length }) => length)) * SIZE.line;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">
<style>${STYLE}</style>
${panels.map((of, k) => panel(of, lefts[k])).join('\n')}
${legend.join('\n')}
</svg>
`;
}
