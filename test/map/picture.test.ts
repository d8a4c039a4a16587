import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { lossBands } from '../../src/map/bands.js';
import { contour } from '../../src/map/contours.js';
import { drawMap } from '../../src/map/picture.js';
import { mapPng } from '../../src/map/print.js';
import { svgOf } from '../../src/map/svg.js';
import { mapCsv, mapNpy } from '../../src/map/tables.js';
import { renderMap } from '../../src/map/text.js';
import type { MapCell, StabilityMap } from '../../src/schema/map.js';

const N = 8;

/** A map whose cells diverge above the diagonal, stall in the first column, are refused in a corner, and learn better to the right. */
function made(changes: Partial<StabilityMap['plan']> = {}): StabilityMap {
  const values = Array.from({ length: N }, (_, k) => 2 ** k);
  const cells = values.flatMap((y, row) => values.map((x, column): MapCell => {
    if (row < 2 && column === N - 1) return { x, y, state: 'refused', divergedAt: null, finalLoss: null };
    if (row + column >= N) return { x, y, state: 'diverged', divergedAt: 3, finalLoss: null };
    return { x, y, state: column === 0 ? 'stalled' : 'stable', divergedAt: null, finalLoss: 10 ** -column };
  }));
  const margins = values.map((y) => values.map((x) => (2 * x * y) / 2 ** (N - 0.5)));
  const axis = { path: 'sensor.gain[0].value', spacing: 'log' as const, values };
  return {
    map: 1, numbers: 'fixed', x: { ...axis, path: 'experiment.phases[0].learningRate' }, y: axis, theory: { limit: 2, share: 0.4, margins },
    plan: { hash: 'a'.repeat(64), experiment: 'made', title: 'Made up', profile: 'p', sensor: 's', supervisor: 'none', anchor: 'none', seed: 1, steps: 10, divergedLoss: 100, ...changes },
    throttles: ['none', 'table'].map((name) => ({ name, divergedShare: 0.44, stalledShare: 0.125, refusedShare: 2 / 64, refusal: 'does not fit', cells, draws: null })),
  };
}

/** CRC-32 of ISO 3309, bit by bit. */
function crc(bytes: Uint8Array): number {
  let register = ~0;
  for (const byte of bytes) {
    register ^= byte;
    for (let k = 0; k < 8; k++) register = (register >>> 1) ^ (register & 1 ? 0xedb88320 : 0);
  }
  return ~register >>> 0;
}

/** Width, height and pixels of a PNG with 8-bit colours. */
function decode(file: Uint8Array): { width: number; height: number; at: (x: number, y: number) => string } {
  const bytes = Buffer.from(file);
  expect(bytes.subarray(0, 8)).toEqual(Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]));
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    expect(bytes.readUInt32BE(at + 8 + length)).toBe(crc(bytes.subarray(at + 4, at + 8 + length)));
    chunks.set(bytes.toString('latin1', at + 4, at + 8), bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  expect([...chunks.keys()]).toEqual(['IHDR', 'pHYs', 'IDAT', 'IEND']);
  const header = chunks.get('IHDR')!;
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  expect([...header.subarray(8)]).toEqual([8, 2, 0, 0, 0]);
  const rows = inflateSync(chunks.get('IDAT')!);
  expect(rows).toHaveLength(height * (3 * width + 1));
  const pixels = Buffer.alloc(3 * width * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (3 * width + 1)]!;
    expect([0, 2]).toContain(filter);
    for (let i = 0; i < 3 * width; i++) pixels[y * 3 * width + i] = rows[y * (3 * width + 1) + 1 + i]! + (filter === 2 && y > 0 ? pixels[(y - 1) * 3 * width + i]! : 0);
  }
  return { width, height, at: (x, y) => `#${pixels.toString('hex', 3 * (y * width + x), 3 * (y * width + x) + 3)}` };
}

/** Names of the elements of an XML text; throws where it is not well-formed. */
function elements(xml: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  let rest = xml.trim();
  while (rest !== '') {
    const [all, close, name, attributes, empty] = /^<(\/?)([a-zA-Z]+)((?:\s+[a-zA-Z:-]+="[^"<]*")*)\s*(\/?)>/.exec(rest) ?? [];
    if (all === undefined) {
      const text = /^[^<>]+/.exec(rest)?.[0];
      if (text === undefined || open.length === 0) throw new Error(`not well-formed at ${rest.slice(0, 60)}`);
      if (/&(?!(amp|lt|gt|quot);)|[\u0000-\u0008]/.test(text)) throw new Error(`not well-formed text ${text}`);
      rest = rest.slice(text.length);
      continue;
    }
    if (close === '/') {
      if (open.pop() !== name) throw new Error(`closes ${name}`);
    } else {
      const keys = [...attributes!.matchAll(/([a-zA-Z:-]+)=/g)].map(([, key]) => key);
      if (new Set(keys).size !== keys.length) throw new Error(`an attribute twice in ${all}`);
      names.push(name!);
      if (empty !== '/') open.push(name!);
    }
    rest = rest.slice(all.length);
  }
  if (open.length > 0) throw new Error(`left open: ${open.join(', ')}`);
  return names;
}

describe('contours', () => {
  it('of a plane lie on its line', () => {
    const plane = Array.from({ length: 5 }, (_, y) => Array.from({ length: 6 }, (_, x) => x + 2 * y));
    const segments = contour(plane, 5.5);
    expect(segments.length).toBeGreaterThan(3);
    for (const [x, y] of segments.flat()) expect(x + 2 * y).toBeCloseTo(5.5, 12);
  });

  it('close round a peak, keep the high corners of a saddle apart, and stay away from cells without a value', () => {
    expect(contour([[0, 0, 0], [0, 1, 0], [0, 0, 0]], 0.5)).toHaveLength(4);
    const saddle = contour([[1, 0], [0, 1]], 0.5);
    expect(saddle).toHaveLength(2);
    for (const [[ax, ay], [bx, by]] of saddle) expect(Math.abs(ax - bx) * Math.abs(ay - by)).toBeCloseTo(0.25, 12);
    for (const [[ax, ay], [bx, by]] of saddle) expect([0.5, 1.5]).toContain((ax + bx) / 2 + (ay + by) / 2);
    expect(contour([[0, 1], [0, null]], 0.5)).toEqual([]);
    expect(contour([[0, 0], [0, 0]], 0.5)).toEqual([]);
  });
});

it('bands are whole decades, and cover losses of zero', () => {
  const map = made();
  const bands = lossBands(map, 5);
  expect(bands.levels.every(Number.isInteger)).toBe(true);
  expect(bands.bandOf(0)).toBe(0);
  expect(bands.bandOf(1)).toBe(bands.levels.length);
  expect(bands.levels.map((level) => bands.bandOf(10 ** level))).toEqual(bands.levels.map((_, k) => k));
  expect(lossBands({ ...map, throttles: [] }, 5).levels).toEqual([]);
});

describe('a picture', () => {
  const SCALE = 3;
  const drawing = drawMap(made());
  const png = decode(mapPng(made()));
  const title = drawing.shapes.find((shape) => shape.kind === 'label' && shape.text.startsWith('none:'))!;
  if (title.kind !== 'label') throw new Error('no panel');
  /** Colours of a cell's pixels in the first panel, but for its edges. */
  const coloursOf = (column: number, row: number): Set<string> => {
    const size = 300 / N;
    const seen = new Set<string>();
    for (let y = 3; y < size - 3; y++) for (let x = 3; x < size - 3; x++) seen.add(png.at(Math.round((title.x + column * size + x) * SCALE), Math.round((title.y + 10 + 300 - (row + 1) * size + y) * SCALE)));
    return seen;
  };

  it('has the size it says and the colours of the cells', () => {
    expect([png.width, png.height]).toEqual([Math.ceil(drawing.width * SCALE), Math.ceil(drawing.height * SCALE)]);
    expect(png.at(1, 1)).toBe('#ffffff');
    expect([...coloursOf(7, 7)].sort()).toEqual(['#1a1a1a', '#8c8c8c']);
    expect(coloursOf(0, 2)).toContain('#e69f00');
    expect(coloursOf(0, 2)).toContain('#000000');
    expect(coloursOf(7, 0)).toContain('#f7f7f7');
    expect(coloursOf(1, 0)).not.toContain('#e69f00');
    expect(coloursOf(4, 3)).toContain('#d55e00'); // the line of theory runs along the diagonal
    expect(coloursOf(2, 1)).not.toContain('#d55e00');
  });

  it('tells its areas apart in black and white', () => {
    const lightness = (hex: string): number => [[1, 0.2126], [3, 0.7152], [5, 0.0722]].reduce((sum, [at, weight]) => sum + weight! * parseInt(hex.slice(at, at! + 2), 16), 0);
    const fills = [...new Set(drawing.shapes.flatMap((shape) => (shape.kind === 'rect' && shape.pattern === undefined && shape.fill !== '#000000' ? [shape.fill] : [])))];
    const shades = fills.map(lightness).sort((a, b) => a - b);
    for (let k = 1; k < shades.length; k++) expect(shades[k]! - shades[k - 1]!).toBeGreaterThan(12);
    const patterned = drawing.shapes.flatMap((shape) => (shape.kind === 'rect' && shape.pattern ? [shape.fill] : []));
    expect(new Set(patterned)).toEqual(new Set(['#1a1a1a', '#e69f00', '#f7f7f7']));
  });

  it('is well-formed SVG, whatever the texts', () => {
    const names = elements(svgOf(drawing));
    expect(names.filter((name) => name === 'pattern')).toHaveLength(2);
    expect(names).toContain('path');
    const hostile = '</text><script>alert("1")</script>&amp;\u0000\ud800 γ';
    const svg = svgOf(drawMap(made({ title: hostile, sensor: hostile })));
    expect(elements(svg)).not.toContain('script');
    expect(svg).toContain('γ');
    expect(() => elements('<svg><a></svg>')).toThrow();
  });

  it('is the same bytes every time', () => {
    expect(Buffer.compare(mapPng(made()), mapPng(made()))).toBe(0);
    expect(svgOf(drawMap(made()))).toBe(svgOf(drawing));
  });

  it.each([1, 3, 4, 7])('has a panel for each of %i throttles, none over another', (count) => {
    const map = made();
    const panels = drawMap({ ...map, throttles: Array.from({ length: count }, (_, k) => ({ ...map.throttles[0]!, name: `t${k}` })) });
    const titles = panels.shapes.flatMap((shape) => (shape.kind === 'label' && /^t\d:/.test(shape.text) ? [shape] : []));
    expect(titles).toHaveLength(count);
    expect(new Set(titles.map(({ x, y }) => `${x},${y}`)).size).toBe(count);
    for (const { x, y } of titles) expect(x + 300 <= panels.width && y + 310 <= panels.height).toBe(true);
  });
});

it('a terminal shows every state, and the line of theory', () => {
  const text = renderMap(made());
  const lines = text.split('\n');
  expect(lines[0]).toBe('Made up (made)');
  expect(lines.filter((line) => line.includes('█'))).not.toHaveLength(0);
  const blocks = (map: StabilityMap): string => renderMap(map).split('\n').slice(6, 10).join('');
  for (const mark of ['o', '·', '/', '█']) expect(blocks(made())).toContain(mark);
  for (const mark of ['o', '·', '?', '▀', '█']) expect(blocks({ ...made(), theory: null })).toContain(mark);
  expect(blocks({ ...made(), theory: null })).not.toContain('/');
  for (const line of lines) expect([...line].length).toBeLessThanOrEqual(110);
  const narrow = renderMap(made(), { width: 30 }).split('\n');
  expect(narrow.filter((line) => /^ +(none|table)$/.test(line))).toHaveLength(2);
});

describe('tables', () => {
  it('CSV has a row for each cell, with the axes under their paths', () => {
    const rows = mapCsv(made()).trimEnd().split('\n').map((row) => row.split(','));
    expect(rows[0]).toEqual(['throttle', 'experiment.phases[0].learningRate', 'sensor.gain[0].value', 'state', 'diverged_at', 'final_loss', 'margin']);
    expect(rows).toHaveLength(1 + 2 * N * N);
    expect(rows[2]!.slice(0, 6)).toEqual(['none', '2', '1', 'stable', '', '0.1']);
    expect(rows[N]).toEqual(['none', '128', '1', 'refused', '', '', String(made().theory!.margins[0]![N - 1])]);
    expect(rows[N * N]!.slice(0, 6)).toEqual(['none', '128', '128', 'diverged', '3', '']);
  });

  it('NPY is [throttle][y][x][column] in doubles', () => {
    const bytes = Buffer.from(mapNpy(made()));
    expect(bytes.toString('latin1', 0, 8)).toBe('\x93NUMPY\x01\x00');
    const start = 10 + bytes.readUInt16LE(8);
    expect(start % 64).toBe(0);
    expect(bytes.toString('latin1', 10, start)).toMatch(/^\{'descr': '<f8', 'fortran_order': False, 'shape': \(2, 8, 8, 6\), \} *\n$/);
    expect(bytes.length).toBe(start + 8 * 2 * N * N * 6);
    const cell = (throttle: number, row: number, column: number): number[] => Array.from({ length: 6 }, (_, k) => bytes.readDoubleLE(start + 8 * (((throttle * N + row) * N + column) * 6 + k)));
    expect(cell(1, 0, 2).slice(0, 5)).toEqual([4, 1, 0, NaN, 0.01]);
    expect(cell(0, 7, 7).slice(0, 5)).toEqual([128, 128, 2, 3, NaN]);
  });
});
