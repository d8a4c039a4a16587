/** Stands in for Node's Buffer in the page: as much of it as the host uses. */
class Bytes extends Uint8Array<ArrayBuffer> {
  readInt32BE(at: number): number {
    return new DataView(this.buffer, this.byteOffset).getInt32(at);
  }

  override toString(encoding?: 'hex'): string {
    return encoding === 'hex' ? Array.from(this, (byte) => byte.toString(16).padStart(2, '0')).join('') : new TextDecoder().decode(this);
  }
}
export type { Bytes };

export const Buffer = {
  /** A view of the same bytes. */
  from: (bytes: ArrayBuffer, offset = 0, length = bytes.byteLength - offset): Bytes => new Bytes(bytes, offset, length),

  concat(parts: readonly Uint8Array[]): Bytes {
    const all = new Bytes(new ArrayBuffer(parts.reduce((sum, { length }) => sum + length, 0)));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  },
};
