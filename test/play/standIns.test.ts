/** What stands in for Node in the page does as Node does. */
import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Buffer as StandIn } from '../../src/play/browser/buffer.js';
import { createHash as standInHash } from '../../src/play/browser/crypto.js';
import * as path from '../../src/play/browser/path.js';
import { crc32 as standInCrc } from '../../src/play/browser/zlib.js';

const bytes = fc.uint8Array({ maxLength: 300 });

describe('stand-ins', () => {
  it('SHA-256 and CRC-32 of bytes, whatever their number, and of text', () => {
    for (let length = 0; length < 200; length++) {
      const data = Uint8Array.from({ length }, (_, k) => (k * 37 + length) & 255);
      expect(standInHash('sha256').update(data).digest('hex')).toBe(createHash('sha256').update(data).digest('hex'));
    }
    fc.assert(fc.property(bytes, fc.string({ unit: 'grapheme' }), (data, text) => {
      expect(standInHash('sha256').update(text).update(data).digest('hex')).toBe(createHash('sha256').update(text).update(data).digest('hex'));
      expect(standInCrc(data)).toBe(crc32(data));
      expect(standInCrc(text)).toBe(crc32(text));
    }));
    expect(() => standInHash('md5')).toThrow(RangeError);
  });

  it('a digest is read as random streams read it', () => {
    const [own, node] = [standInHash('sha256').update('qrails').digest(), createHash('sha256').update('qrails').digest()];
    for (let at = 0; at <= 28; at++) expect(own.readInt32BE(at)).toBe(node.readInt32BE(at));
  });

  it('a buffer over doubles is a view of their bytes', () => {
    const doubles = Float64Array.of(1, -2.5, Math.PI);
    const part = doubles.subarray(1);
    expect([...StandIn.from(part.buffer, part.byteOffset, part.byteLength)]).toEqual([...Buffer.from(part.buffer, part.byteOffset, part.byteLength)]);
    expect([...StandIn.concat([Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3)])]).toEqual([1, 2, 3]);
  });

  it('paths resolve and end as those of POSIX', () => {
    const part = fc.constantFrom('..', '.', 'a', 'b.json', 'data', '');
    fc.assert(fc.property(fc.array(part), fc.array(part), fc.boolean(), (base, more, absolute) => {
      const [from, to] = [`/${base.join('/')}`, `${absolute ? '/' : ''}${more.join('/')}`];
      expect(path.resolve(from, to)).toBe(resolve(from, to));
      expect(path.dirname(path.resolve(from, to))).toBe(dirname(resolve(from, to)));
    }));
  });
});
