/**
 * The core's linear memory as the host lays it out: records and arrays, one after another from `heapBase()` on, each aligned to 16 bytes.
 *
 *     heapBase()
 *     | HEADER | STATE | SITE × all | LAYER × L | DIVISOR × sizes | activations, errors per layer | BATCH × chunk | ROW × chunk |
 *     | θ | g | u | samples | targets | last θ | last g | anchor | window |
 */
import { RECORDS, type RecordName } from './abi.js';

const PAGE = 65536;
/** Largest memory of a 32-bit module. */
const LIMIT = 65536 * PAGE;

export class Arena {
  readonly #memory: WebAssembly.Memory;
  #next: number;

  constructor(memory: WebAssembly.Memory, base: number) {
    this.#memory = memory;
    this.#next = Math.ceil(base / 16) * 16;
  }

  /** Reserves bytes and returns their address. Nothing is written until `commit`. */
  reserve(bytes: number): number {
    const at = this.#next;
    this.#next = Math.ceil((at + bytes) / 16) * 16;
    if (this.#next > LIMIT) throw new RangeError('the run needs more than 4 GiB of core memory');
    return at;
  }

  /** Grows the memory to hold all that was reserved, zeroed from `from` on, and returns its buffer. No growth may follow. */
  commit(from: number): ArrayBuffer {
    const missing = this.#next - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE));
    new Uint8Array(this.#memory.buffer, from, this.#next - from).fill(0);
    return this.#memory.buffer;
  }
}

/** One record in memory, read and written by field name. `value` fields are raws (bigint) or, in the reference, doubles. */
export class RecordView {
  readonly #view: DataView;
  readonly #name: RecordName;
  readonly address: number;

  constructor(view: DataView, name: RecordName, address: number) {
    this.#view = view;
    this.#name = name;
    this.address = address;
  }

  #at(field: string): number {
    const offset = (RECORDS[this.#name].offsets as Record<string, number>)[field];
    if (offset === undefined) throw new RangeError(`${this.#name} has no field ${field}`);
    return this.address + offset;
  }

  int(field: string): number {
    return this.#view.getInt32(this.#at(field), true);
  }
  setInt(field: string, value: number): void {
    this.#view.setInt32(this.#at(field), value, true);
  }
  raw(field: string): bigint {
    return this.#view.getBigInt64(this.#at(field), true);
  }
  /** Also takes unsigned 64-bit raws. */
  setRaw(field: string, value: bigint): void {
    this.#view.setBigInt64(this.#at(field), BigInt.asIntN(64, value), true);
  }
  setReal(field: string, value: number): void {
    this.#view.setFloat64(this.#at(field), value, true);
  }
}
