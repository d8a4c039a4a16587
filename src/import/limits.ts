/** What an import reads at most. Every limit is far above what a model of this tool can have (docs/import.md). */
import { DOCUMENT_LIMIT } from '../document/text.js';

export const IMPORT_LIMITS = {
  /** Bytes of one file. */
  bytes: DOCUMENT_LIMIT,
  files: 100,
  /** Arrays of all files. */
  arrays: 10_000,
  /** Numbers of all arrays of one file. */
  numbers: 2 ** 22,
  /** Dimensions of a C array. */
  dimensions: 4,
  /** Bits of one word of a memory: those of an integer on its way into a format. */
  bits: 128,
  /** Characters of one number. */
  number: 400,
  /** Largest magnitude of an exponent of ten; that of two is four times as large. */
  exponent: 400,
  /** Characters of one word of C. */
  word: 1000,
  /** Nested parentheses, signs and conditions in an expression, nested `#if`, and macros inside macros. */
  depth: 64,
  /** Characters of macros that are read again, where they are used. */
  expanded: 2 ** 22,
} as const;
