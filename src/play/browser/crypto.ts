/** Stands in for node:crypto in the page: as much of `createHash` as the host uses. */
import { Buffer, type Bytes } from './buffer.js';
import { sha256 } from './sha256.js';

class Hash {
  #parts: Uint8Array[] = [];

  update(data: string | Uint8Array): this {
    this.#parts.push(typeof data === 'string' ? new TextEncoder().encode(data) : data);
    return this;
  }

  digest(): Bytes;
  digest(encoding: 'hex'): string;
  digest(encoding?: 'hex'): Bytes | string {
    const all = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    const digest = Buffer.from(sha256(all).buffer);
    return encoding === 'hex' ? digest.toString(encoding) : digest;
  }
}

/** @throws RangeError for any other algorithm */
export function createHash(algorithm: string): Hash {
  if (algorithm !== 'sha256') throw new RangeError(algorithm);
  return new Hash();
}
