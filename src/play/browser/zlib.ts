/** Stands in for node:zlib in the page: the checksum of exported tables. */

/** CRC-32 (IEEE 802.3), as Node's: reflected, polynomial 0x04c11db7. */
export function crc32(data: Uint8Array | string): number {
  let crc = -1;
  for (const byte of typeof data === 'string' ? new TextEncoder().encode(data) : data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
