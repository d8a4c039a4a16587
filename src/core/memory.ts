/**
 * The core's linear memory as the host lays it out: records and arrays, one after another from `heapBase()` on, each aligned to 16 bytes.
 *
 *     heapBase()
 *     | HEADER | STATE | SITE × all | LAYER × L | DIVISOR × sizes | activations, errors per layer | θ | g | u | last θ | last g | anchor | window |
 *     | BATCH × chunk | ROW × chunk | samples | targets |
 */
import { QrailsError } from '../errors.js';
import { RECORDS, type RecordName } from './abi.js';

const PAGE = 65536;
/** Largest memory of a 32-bit module. */
const LIMIT = 65536 * PAGE;

export class Arena {
  readonly #memory: WebAssembly.Memory;
  readonly #base: number;
  #next: number;

  constructor(memory: WebAssembly.Memory, base: number) {
    this.#memory = memory;
    this.#next = this.#base = Math.ceil(base / 16) * 16;
  }

  /** Bytes reserved so far. */
  get size(): number {
    return this.#next - this.#base;
  }

  /** Reserves bytes and returns their address. Nothing is written, and nothing refused, until `commit`. */
  reserve(bytes: number): number {
    const at = this.#next;
    this.#next = Math.ceil((at + bytes) / 16) * 16;
    return at;
  }

  /**
   * Grows the memory to hold all that was reserved, zeroed from `from` on, and returns its buffer. No growth may follow.
   *
   * @param room bytes from the arena's base on that memory has to hold in the end
   * @throws QrailsError `unsupported` for more than 4 GiB, or more than the machine has
   */
  commit(from: number, room = this.size): ArrayBuffer {
    const end = this.#base + room;
    if (end > LIMIT) throw tooLarge(end, 'at most 4 GiB, what a 32-bit module can address');
    const missing = end - this.#memory.buffer.byteLength;
    try {
      if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw tooLarge(end, 'what this machine has room for');
    }
    new Uint8Array(this.#memory.buffer, from, this.#next - from).fill(0);
    return this.#memory.buffer;
  }
}

const tooLarge = (bytes: number, expected: string): QrailsError =>
  new QrailsError({
    code: 'unsupported', where: 'memory of the core', message: 'the run does not fit', found: `${(bytes / 2 ** 30).toFixed(1)} GiB`, expected,
    try: 'smaller batches, fewer evaluation rows, or a smaller network',
  });

/** One record in memory, read and written by field name. `value` fields are raws (bigint) or, in the reference, doubles. */
export class RecordView {
  readonly #view: DataView;
  readonly #name: RecordName;
  readonly #offsets: Readonly<Record<string, number>>;
  readonly address: number;

  constructor(view: DataView, name: RecordName, address: number) {
    this.#view = view;
    this.#name = name;
    this.#offsets = RECORDS[name].offsets;
    this.address = address;
  }

  #at(field: string): number {
    const offset = this.#offsets[field];
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
  /** A raw as the nearest double. */
  number(field: string): number {
    return int64ToNumber(this.#view, this.#at(field));
  }
  /** Also takes unsigned 64-bit raws. */
  setRaw(field: string, value: bigint): void {
    this.#view.setBigInt64(this.#at(field), BigInt.asIntN(64, value), true);
  }
  setReal(field: string, value: number): void {
    this.#view.setFloat64(this.#at(field), value, true);
  }
}

/** An i64 as the nearest double, without a BigInt. */
function int64ToNumber(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}
