// A line chart as SVG text. Numbers have two decimals, so that the text does not depend on a library's last place.
const WIDTH = 720;
const MARGIN = { left: 62, right: 14, top: 30, bottom: 40 };
const GAP = 34;
const COLOURS = ['#1b6ca8', '#c8553d', '#2f8f5b', '#7b5ea7', '#8a6d00', '#555555'];
const MOST_POINTS = 400;

const n = (value) => String(Number(value.toFixed(2)));
const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Few enough points to draw: of each stretch the first, smallest and largest stay, so that no spike is lost. */
function thinned(values) {
  const stretch = Math.ceil((3 * values.length) / MOST_POINTS);
  if (stretch <= 3) return values.map((value, index) => [index, value]);
  const kept = new Set();
  for (let start = 0; start < values.length; start += stretch) {
    let [low, high] = [start, start];
    for (let k = start; k < Math.min(start + stretch, values.length); k++) {
      if (values[k] < values[low]) low = k;
      if (values[k] > values[high]) high = k;
    }
    for (const k of [start, low, high]) kept.add(k);
  }
  return [...kept].sort((a, b) => a - b).map((index) => [index, values[index]]);
}

const power = (exponent) => (exponent >= -2 && exponent <= 3 ? String(Number((10 ** exponent).toFixed(2))) : `1e${exponent}`);

/** Positions and labels of the ticks of an axis. */
function ticks([low, high], log, about = 5) {
  if (log) {
    const [from, to] = [Math.ceil(low), Math.floor(high)];
    const every = Math.max(1, Math.ceil((to - from) / about));
    return Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, k) => [from + k * every, power(from + k * every)]);
  }
  const rough = (high - low) / about;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * size).find((candidate) => candidate >= rough);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push([k * step, String(Number((k * step).toPrecision(6))).replace('-', '−')]);
  return found;
}

/**
 * Panels one below the other over the same steps.
 *
 * @param panels each { label, log?, range?, series: [{ name, values }] }; values below the range, or not finite, are drawn at its ends
 * @param marks vertical lines: [{ at, text }]
 */
export function chart({ title, xLabel, panels, marks = [], height = 220 }) {
  const steps = Math.max(...panels.flatMap(({ series }) => series.map(({ values }) => values.length)));
  const total = MARGIN.top + panels.length * height + (panels.length - 1) * GAP + MARGIN.bottom;
  const x = (step) => MARGIN.left + ((WIDTH - MARGIN.left - MARGIN.right) * step) / Math.max(1, steps - 1);
  const parts = [];
  panels.forEach(({ label, log = false, range, series }, index) => {
    const top = MARGIN.top + index * (height + GAP);
    const scale = (value) => (log ? (value > 0 ? Math.log10(value) : -Infinity) : value);
    const finite = series.flatMap(({ values }) => values.map(scale)).filter(Number.isFinite);
    const [low, high] = range ? range.map(scale) : [Math.min(...finite), Math.max(...finite)];
    const y = (value) => top + height - (height * (Math.min(high, Math.max(low, Number.isNaN(value) ? high : value)) - low)) / (high - low);
    for (const [value, text] of ticks([low, high], log)) {
      parts.push(`<path d="M${n(MARGIN.left)} ${n(y(value))}H${n(WIDTH - MARGIN.right)}" stroke="#dddddd"/>`, `<text x="${n(MARGIN.left - 6)}" y="${n(y(value) + 4)}" text-anchor="end">${escape(text)}</text>`);
    }
    for (const { at, text } of marks) {
      parts.push(`<path d="M${n(x(at))} ${n(top)}v${n(height)}" stroke="#999999" stroke-dasharray="4 3"/>`);
      if (index === 0) parts.push(`<text x="${n(x(at) + 4)}" y="${n(top + 12)}" fill="#555555">${escape(text)}</text>`);
    }
    series.forEach(({ values }, k) => {
      const path = thinned(values).map(([step, value], i) => `${i === 0 ? 'M' : 'L'}${n(x(step))} ${n(y(scale(value)))}`).join('');
      parts.push(`<path d="${path}" fill="none" stroke="${COLOURS[k]}" stroke-width="1.6" stroke-linejoin="round"/>`);
    });
    parts.push(`<rect x="${n(MARGIN.left)}" y="${n(top)}" width="${n(WIDTH - MARGIN.left - MARGIN.right)}" height="${n(height)}" fill="none" stroke="#999999"/>`);
    let left = MARGIN.left + 4;
    parts.push(`<text x="${n(left)}" y="${n(top - 8)}" font-weight="bold">${escape(label)}</text>`);
    left += 7 * label.length + 16;
    series.forEach(({ name }, k) => {
      parts.push(`<path d="M${n(left)} ${n(top - 12)}h16" stroke="${COLOURS[k]}" stroke-width="3"/>`, `<text x="${n(left + 20)}" y="${n(top - 8)}">${escape(name)}</text>`);
      left += 34 + 6.4 * name.length;
    });
  });
  const bottom = total - MARGIN.bottom;
  for (const [value, text] of ticks([0, steps - 1], false, 8)) parts.push(`<text x="${n(x(value))}" y="${n(bottom + 15)}" text-anchor="middle">${escape(text)}</text>`);
  parts.push(`<text x="${n((MARGIN.left + WIDTH - MARGIN.right) / 2)}" y="${n(bottom + 32)}" text-anchor="middle">${escape(xLabel)}</text>`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${n(total)}" viewBox="0 0 ${WIDTH} ${n(total)}" font-family="Helvetica, Arial, sans-serif" font-size="12" role="img">`,
    `<title>${escape(title)}</title>`, `<rect width="${WIDTH}" height="${n(total)}" fill="#ffffff"/>`, ...parts, '</svg>', '',
  ].join('\n');
}
