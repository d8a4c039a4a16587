/** Pieces of text that both languages share. */
import type { Plan } from '../../schema/plan.js';
import { originLines, type Origin } from '../origin.js';
import type { HdlConstant } from './constants.js';
import type { TestedUnit } from './fill.js';
import { memoryText } from './vectors.js';

export interface HdlOptions extends Origin {
  /** Prefix of packages, modules and files: letters, digits, `.`, `_`, `-`. */
  readonly name: string;
}

/** The first comment. Each line keeps its star, so that no title is taken for a directive of a tool. */
export const header = (mark: string, plan: Plan, origin: Origin, about: readonly string[]): string =>
  originLines(plan, origin, about).map((line) => `${mark}${line}`).join('\n');

/** File of the vectors of a unit. */
export const vectorFile = (prefix: string, { unit }: TestedUnit): string => `${prefix}_${unit.name}.mem`;

/** Vectors of every unit, a file each. */
export function vectorFiles(plan: Plan, units: readonly TestedUnit[], prefix: string, origin: Origin): Record<string, string> {
  return Object.fromEntries(units.map((tested) => {
    const about = [`Vectors: ${tested.unit.about}, a row a line, first port in the highest bits.`];
    return [vectorFile(prefix, tested), memoryText(tested.vectors, originLines(plan, origin, about))];
  }));
}

/** Whether a constant is a plain integer of a language whose integers have 32 bits with sign. */
export const isPlain = ({ name, value, rail }: HdlConstant): boolean => !rail && !name.endsWith('_CRC32') && value < 1n << 31n && value > -(1n << 31n);

/** Bits that every constant is summed up in: two's complement of the widest. */
export const CONSTANT_BITS = 72;

/** The widest row, constant or element: what the bench's checksum takes a word in. */
export const widest = (bits: readonly number[]): number => Math.max(CONSTANT_BITS, ...bits);

export const hex = (value: bigint | number, bits: number): string => BigInt.asUintN(bits, BigInt(value)).toString(16).toUpperCase().padStart(Math.ceil(bits / 4), '0');
