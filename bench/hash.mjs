/** FNV-1a over 32-bit words: one number for all rows of a run. bench/c/site.h computes the same. */
export const HASH_SEED = 0x811c9dc5 | 0;

/** The hash after one more word; both as i32. */
export const hashWord = (hash, word) => Math.imul(hash ^ word, 0x01000193);

/** The hash after the two words of an integer below 2⁵³. */
export const hashLong = (hash, value) => hashWord(hashWord(hash, value | 0), Math.floor(value / 2 ** 32));
