/** Pixels as a PNG file (W3C PNG, third edition): 8 bits a channel, no alpha. */
import { constants, crc32, deflateSync } from 'node:zlib';
import type { Raster } from './raster.js';

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const TRUE_COLOUR = 2;
/** Each row as its difference from the one above: mostly zeros. */
const UP = 2;

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), 4 + body.length);
  return framed;
}

/**
 * A PNG file.
 *
 * @param perMetre pixels a metre, for print
 */
export function pngOf({ width, height, pixels }: Raster, perMetre: number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([8, TRUE_COLOUR], 8);
  const density = Buffer.alloc(9);
  density.writeUInt32BE(perMetre);
  density.writeUInt32BE(perMetre, 4);
  density[8] = 1; // a metre
  const stride = 3 * width;
  const rows = Buffer.alloc(height * (stride + 1));
  for (let y = 0; y < height; y++) {
    rows[y * (stride + 1)] = UP;
    for (let i = 0; i < stride; i++) rows[y * (stride + 1) + 1 + i] = pixels[y * stride + i]! - (y === 0 ? 0 : pixels[(y - 1) * stride + i]!);
  }
  // Runs alone: the matcher for other repeats differs between processors, and with it the bytes.
  const data = deflateSync(rows, { strategy: constants.Z_RLE, level: 9 });
  return Buffer.concat([SIGNATURE, chunk('IHDR', header), chunk('pHYs', density), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
}
