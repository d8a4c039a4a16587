/** A drawing as pixels, 8 bits each of red, green and blue. */
import { PATTERNS, type Drawing, type Label, type Lines, type Pattern, type Rect } from './drawing.js';
import { dotsOf, GLYPH } from './font.js';

export interface Raster {
  readonly width: number;
  readonly height: number;
  /** Row by row from the top, three bytes a pixel. */
  readonly pixels: Uint8Array;
}

type Colour = readonly [number, number, number];
const colour = (hex: string): Colour => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as unknown as Colour;

class Canvas implements Raster {
  readonly pixels: Uint8Array;
  constructor(readonly width: number, readonly height: number) {
    this.pixels = new Uint8Array(3 * width * height);
  }

  /** Covers a share of a pixel. */
  blend(x: number, y: number, [r, g, b]: Colour, share: number): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height || share <= 0) return;
    const at = 3 * (y * this.width + x);
    const over = (place: number, value: number): void => void (this.pixels[place] = Math.round(this.pixels[place]! + (value - this.pixels[place]!) * share));
    over(at, r);
    over(at + 1, g);
    over(at + 2, b);
  }
}

/**
 * Draws in pixels.
 *
 * @param scale pixels a point, an integer
 */
export function rasterOf(drawing: Drawing, scale: number): Raster {
  const canvas = new Canvas(Math.ceil(drawing.width * scale), Math.ceil(drawing.height * scale));
  for (const shape of drawing.shapes) {
    if (shape.kind === 'rect') drawRect(canvas, shape, scale);
    else if (shape.kind === 'lines') drawLines(canvas, shape, scale);
    else drawLabel(canvas, shape, scale);
  }
  return canvas;
}

/** Whether a pixel of a pattern is marked. */
function marked(pattern: Pattern, x: number, y: number, scale: number): boolean {
  const { period, width } = PATTERNS[pattern];
  const [repeat, thick] = [period * scale, width * scale];
  // Diagonal strokes are as thick across as they say.
  return pattern === 'hatch' ? (x + y) % repeat < thick * Math.SQRT2 : x % repeat < thick && y % repeat < thick;
}

function drawRect(canvas: Canvas, { x, y, width, height, fill, pattern }: Rect, scale: number): void {
  const ink = colour(fill);
  const mark = pattern && colour(PATTERNS[pattern].stroke);
  const [right, bottom] = [Math.round((x + width) * scale), Math.round((y + height) * scale)];
  for (let py = Math.round(y * scale); py < bottom; py++) {
    for (let px = Math.round(x * scale); px < right; px++) canvas.blend(px, py, mark && marked(pattern, px, py, scale) ? mark : ink, 1);
  }
}

/** Each pixel is covered by how far its middle is inside the stroke: smooth edges, round ends. Where two segments meet, a pixel takes the larger share. */
function drawLines(canvas: Canvas, { segments, width, stroke }: Lines, scale: number): void {
  const ink = colour(stroke);
  const reach = (width * scale) / 2;
  const shares = new Map<number, number>();
  for (const [from, to] of segments) {
    const [ax, ay, bx, by] = [...from, ...to].map((value) => value * scale) as [number, number, number, number];
    const [dx, dy] = [bx - ax, by - ay];
    const square = dx * dx + dy * dy;
    const pad = reach + 1;
    for (let py = Math.max(0, Math.floor(Math.min(ay, by) - pad)); py <= Math.min(canvas.height - 1, Math.max(ay, by) + pad); py++) {
      for (let px = Math.max(0, Math.floor(Math.min(ax, bx) - pad)); px <= Math.min(canvas.width - 1, Math.max(ax, bx) + pad); px++) {
        const [x, y] = [px + 0.5 - ax, py + 0.5 - ay];
        const along = square === 0 ? 0 : Math.min(1, Math.max(0, (x * dx + y * dy) / square));
        const [offX, offY] = [x - along * dx, y - along * dy];
        const share = Math.min(1, reach + 0.5 - Math.sqrt(offX * offX + offY * offY));
        const at = py * canvas.width + px;
        if (share > (shares.get(at) ?? 0)) shares.set(at, share);
      }
    }
  }
  for (const [at, share] of shares) canvas.blend(at % canvas.width, Math.floor(at / canvas.width), ink, share);
}

function drawLabel(canvas: Canvas, { x, y, text, anchor, turned, bold }: Label, scale: number): void {
  const characters = [...text];
  const length = characters.length * GLYPH.advance - 1;
  const start = anchor === 'start' ? 0 : anchor === 'middle' ? -length / 2 : -length;
  const ink: Colour = [0, 0, 0];
  // Dots are points: a block of `scale` pixels. Bold letters are drawn twice, a third of a dot apart.
  const shifts = bold ? [0, Math.round(scale / 3)] : [0];
  const block = (along: number, up: number): void => {
    const [left, top] = turned ? [x + up, y - along - 1] : [x + along, y + up];
    for (let dy = 0; dy < scale; dy++) {
      for (let dx = 0; dx < scale; dx++) for (const shift of shifts) canvas.blend(Math.round(left * scale) + dx + shift, Math.round(top * scale) + dy, ink, 1);
    }
  };
  characters.forEach((character, index) => {
    for (const [column, row] of dotsOf(character)) block(start + index * GLYPH.advance + column, row - GLYPH.height);
  });
}
