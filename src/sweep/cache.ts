/** Values by key, of which the ones used longest ago are dropped when they take too much room. */

interface Entry<T> {
  readonly value: T;
  readonly size: number;
}

export class Cache<T> {
  readonly #room: number;
  readonly #entries = new Map<string, Entry<T>>();
  #used = 0;

  /** @param room sum of the sizes that are kept, in the unit of `set`; the value set last stays whatever its size */
  constructor(room: number) {
    this.#room = room;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** @param size room it takes, at least 1 */
  set(key: string, value: T, size = 1): T {
    this.#used += size - (this.#entries.get(key)?.size ?? 0);
    this.#entries.delete(key);
    this.#entries.set(key, { value, size });
    for (const [oldest, entry] of this.#entries) {
      if (this.#used <= this.#room || oldest === key) break;
      this.#entries.delete(oldest);
      this.#used -= entry.size;
    }
    return value;
  }
}
