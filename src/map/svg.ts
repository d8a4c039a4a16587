/** A drawing as SVG 1.1. Numbers have two decimals, so the text does not depend on a library's last place. */
import { PATTERNS, type Drawing, type Pattern, type Shape } from './drawing.js';

const FONT = 'Helvetica, Arial, sans-serif';
const SIZE = 11;

const n = (value: number): string => String(Number(value.toFixed(2)));
/** Text and attribute values; control characters do not exist in XML 1.0. */
const escape = (text: string): string =>
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')
    .replace(/[&<>"]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character]!);

const MARKS: Readonly<Record<Pattern, (period: number, width: number, stroke: string) => string>> = {
  hatch: (period, width, stroke) => `<path d="M${n(-period / 2)} ${n(period / 2)}L${n(period / 2)} ${n(-period / 2)}M0 ${n(period)}L${n(period)} 0M${n(period / 2)} ${n(period * 1.5)}L${n(period * 1.5)} ${n(period / 2)}" stroke="${stroke}" stroke-width="${n(width)}"/>`,
  dots: (_, width, stroke) => `<rect width="${n(width)}" height="${n(width)}" fill="${stroke}"/>`,
};

function pattern([name, { period, width, stroke }]: [string, (typeof PATTERNS)[Pattern]]): string {
  return `<pattern id="${name}" width="${period}" height="${period}" patternUnits="userSpaceOnUse">${MARKS[name as Pattern](period, width, stroke)}</pattern>`;
}

function element(shape: Shape): string {
  switch (shape.kind) {
    case 'rect': {
      const place = `x="${n(shape.x)}" y="${n(shape.y)}" width="${n(shape.width)}" height="${n(shape.height)}"`;
      // Edges that meet do so without a seam.
      return `<rect ${place} fill="${shape.fill}" shape-rendering="crispEdges"/>${shape.pattern === undefined ? '' : `<rect ${place} fill="url(#${shape.pattern})"/>`}`;
    }
    case 'lines':
      return `<path d="${shape.segments.map(([[ax, ay], [bx, by]]) => `M${n(ax)} ${n(ay)}L${n(bx)} ${n(by)}`).join('')}" stroke="${shape.stroke}" stroke-width="${n(shape.width)}" stroke-linecap="round" fill="none"/>`;
    case 'label': {
      const place = shape.turned ? `transform="translate(${n(shape.x)} ${n(shape.y)}) rotate(-90)"` : `x="${n(shape.x)}" y="${n(shape.y)}"`;
      return `<text ${place} text-anchor="${shape.anchor}"${shape.bold ? ' font-weight="bold"' : ''}>${escape(shape.text)}</text>`;
    }
  }
}

/** The text of an SVG file. */
export function svgOf({ width, height, title, shapes }: Drawing): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${n(width)}" height="${n(height)}" viewBox="0 0 ${n(width)} ${n(height)}" font-family="${FONT}" font-size="${SIZE}">`,
    `<title>${escape(title)}</title>`,
    `<defs>${Object.entries(PATTERNS).map(pattern).join('')}</defs>`,
    ...shapes.map(element),
    '</svg>',
    '',
  ].join('\n');
}
