// Mutation check of the quantiser: flips one operator or constant at a time, in a copy of the repository, and shows that a test notices.
//
//   node scripts/mutate.mjs                 every mutant
//   node scripts/mutate.mjs --sample 25     25 of them, drawn with --seed (default 1)
//   node scripts/mutate.mjs --file random   only files whose path contains this
//   node scripts/mutate.mjs --lines 40-80   only lines 40 to 80 of each file; 40- to its end, 40 that line
//   node scripts/mutate.mjs --jobs 1        one at a time (default: one per processor)
//   node scripts/mutate.mjs --lanes         the loops of values and of runs side by side instead. To be read, not to pass: where lanes go wrong far enough, or take
//                                           less than they could, the text for single values takes over and gives the same
//   node scripts/mutate.mjs --list          prints them and runs nothing
//
// A mutant that no test notices is a survivor. EQUIVALENT lists those that cannot be noticed, with the reason. Exit status 1 if there is any other.
import asc from 'assemblyscript/asc';
import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COPIED = ['src', 'assembly', 'test', 'scripts', 'schema', 'build', 'hw-profiles', 'experiments', 'package.json', 'tsconfig.json', 'vitest.config.ts', 'asconfig.json'];
const HOST = ['src/format/quantise.ts', 'src/format/random.ts', 'src/format/modes.ts'];
const CORE = ['assembly/fixed/quantise.ts', 'assembly/fixed/random.ts', 'assembly/fixed/int128.ts'];
const LANES = ['assembly/lanes', 'assembly/runs'].flatMap((folder) => readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`));
/** Longest that the tests of one mutant may take; one that never ends is noticed, too. */
const LIMIT_MS = 90_000;

/** Test runs in order: the quick ones that notice most come first, and a mutant that one of them notices is done. */
const HOST_RUNS = [
  { files: ['test/format/laws.test.ts', 'test/format/array.test.ts'] },
  { files: ['test/core/primitives.test.ts'], only: 'core build debug' },
  { files: ['test/oracles/bigint.test.ts'] },
  { files: ['test/core/stochastic.test.ts'], only: 'host|streams' },
  { files: ['test/core/recorder.test.ts', 'test/core/oracle.test.ts'], only: 'recorder|against the oracle|operands|core build scalar', seeds: 20 },
];
const CORE_RUNS = [
  { files: ['test/core/primitives.test.ts', 'test/core/oracle.test.ts'], only: 'core build debug (?!float64)', seeds: 12 },
  { files: ['test/core/recorder.test.ts'] },
  { files: ['test/core/oracle.test.ts'], only: 'core build debug fixed', seeds: 150 },
  { files: ['test/core/stochastic.test.ts'], only: 'core' },
];

const LANE_RUNS = [{ files: ['test/core/group.test.ts'], only: 'build simd' }, { files: ['test/core/lanes.test.ts'] }];

/**
 * Mutants that change nothing that could be seen. `line` is the whole line as it stands, `mutant` what it becomes (both without indentation),
 * so that an entry lapses when the line changes.
 */
const EQUIVALENT = [
  {
    file: 'assembly/fixed/int128.ts', line: 'if (((a + 0x80000000) | (b + 0x80000000)) >>> 32 == 0) {', mutant: 'if (((a + 0x80000000) | (b + 0x80000001)) >>> 32 == 0) {',
    why: 'only moves by one which factors take the short way; the product of a 32-bit word and −2^31 − 1 fits 64 bits too',
  },
  {
    file: 'assembly/fixed/int128.ts', line: 'if (((a + 0x80000000) | (b + 0x80000000)) >>> 32 == 0) {', mutant: 'if (((a + 0x80000001) | (b + 0x80000000)) >>> 32 == 0) {',
    why: 'as above, with the factors exchanged',
  },
  {
    file: 'assembly/fixed/int128.ts', line: 'const free = dHigh ? 0 : <i32>clz(dLow);', mutant: 'const free = dHigh ? 1 : <i32>clz(dLow);',
    why: 'a divisor of more than 64 bits goes bit by bit either way',
  },
  ...['if (free >= 7) {', 'if (free > 8) {'].map((mutant) => ({
    file: 'assembly/fixed/int128.ts', line: 'if (free > 7) {', mutant, why: 'only moves by one bit from where on several are taken at a time; both ways give the same digits',
  })),
  {
    file: 'assembly/fixed/int128.ts', line: 'for (let left = bits; left > 0; left -= free) {', mutant: 'for (let left = bits; left >= 0; left -= free) {',
    why: 'one turn more takes no bits: the rest is less than the divisor',
  },
  {
    file: 'assembly/fixed/quantise.ts', line: 'const odd = upByTable(site, 0, low, hi < 0);',
    mutant: 'const odd = upByTable(site, 0, low, hi < 1);',
    why: 'where nothing is discarded no mode asks for the sign',
  },
  {
    file: 'assembly/fixed/quantise.ts', line: 'const odd = upByTable(site, 0, low, hi < 0);',
    mutant: 'const odd = upByTable(site, 0, low, hi <= 0);',
    why: 'where nothing is discarded no mode asks for the sign',
  },
  {
    file: 'assembly/fixed/quantise.ts', line: 'if (raw < load<i64>(site, abi.SITE_MIN)) store<i64>(site, raw, abi.SITE_MIN);',
    mutant: 'if (raw <= load<i64>(site, abi.SITE_MIN)) store<i64>(site, raw, abi.SITE_MIN);',
    why: 'stores what is there already',
  },
  {
    file: 'assembly/fixed/quantise.ts', line: 'if (raw > load<i64>(site, abi.SITE_MAX)) store<i64>(site, raw, abi.SITE_MAX);',
    mutant: 'if (raw >= load<i64>(site, abi.SITE_MAX)) store<i64>(site, raw, abi.SITE_MAX);',
    why: 'stores what is there already',
  },
  {
    file: 'assembly/fixed/quantise.ts', line: 'if (<u64>raw < load<u64>(site, abi.SITE_MIN)) store<i64>(site, raw, abi.SITE_MIN);',
    mutant: 'if (<u64>raw <= load<u64>(site, abi.SITE_MIN)) store<i64>(site, raw, abi.SITE_MIN);',
    why: 'stores what is there already',
  },
  {
    file: 'assembly/fixed/quantise.ts', line: 'if (<u64>raw > load<u64>(site, abi.SITE_MAX)) store<i64>(site, raw, abi.SITE_MAX);',
    mutant: 'if (<u64>raw >= load<u64>(site, abi.SITE_MAX)) store<i64>(site, raw, abi.SITE_MAX);',
    why: 'stores what is there already',
  },
  {
    file: 'assembly/fixed/quantise.ts', line: 'store<i64>(site, min(load<i64>(site, abi.SITE_MAX), load<i64>(site, abi.SITE_EDGE_HIGH) - 1) - low + 1, abi.SITE_WATCH_SPAN);',
    mutant: 'store<i64>(site, min(load<i64>(site, abi.SITE_MAX), load<i64>(site, abi.SITE_EDGE_HIGH) - 1) - low + 0, abi.SITE_WATCH_SPAN);',
    why: 'watches one raw less: the slow way counts the same',
  },
  {
    file: 'assembly/fixed/int128.ts', line: 'const skip = nHigh != 0 ? <i32>clz(nHigh) : 64 + <i32>clz(nLow);',
    mutant: 'const skip = nHigh != 0 ? <i32>clz(nHigh) : 64 - <i32>clz(nLow);',
    why: 'begins further up, where all is 0: slower, the same',
  },
  {
    file: 'src/format/quantise.ts', line: 'const raw = overflow === 0 ? rounded : overflowed(rounded, overflow > 0, low, high, format);',
    mutant: 'const raw = overflow === 0 ? rounded : overflowed(rounded, overflow >= 0, low, high, format);',
    why: '0 was taken care of before',
  },
  {
    file: 'src/format/quantise.ts', line: 'const ones = (1n << w) - 1n;',
    mutant: 'const ones = (1n >> w) - 1n;',
    why: 'only its half is used, as a mask below the top bit or to invert; with ones without end the word keeps the same',
  },
  {
    file: 'src/format/quantise.ts', line: 'const top = signed ? (sign << (n - 1n)) | (sign === 1n ? 0n : (1n << (n - 1n)) - 1n) : sign === 1n ? 0n : (1n << n) - 1n;',
    mutant: 'const top = signed ? (sign << (n - 1n)) | (sign === 1n ? 0n : (1n << (n - 1n)) - 1n) : sign === 1n ? 0n : (0n << n) - 1n;',
    why: 'ones without end, of which the word keeps the same',
  },
  {
    file: 'src/format/quantise.ts', line: 'const flip = magnitude && bit(kept) !== (top & 1n) ? (1n << kept) - 1n : 0n;',
    mutant: 'const flip = magnitude && bit(kept) !== (top & 1n) ? (0n << kept) - 1n : 0n;',
    why: 'ones without end in place of `kept` ones, and only the lowest `kept` bits are kept',
  },
  {
    file: 'src/format/quantise.ts', line: 'let wanted = 0n;',
    mutant: 'let wanted = 1n;',
    why: 'every use sets it first',
  },
  {
    file: 'src/format/quantise.ts', line: 'if (this.#draw === undefined && Math.abs(scaled) < 2 ** 51 && (Math.abs(scaled) > 2 ** -900 || value === 0) && Number.isFinite(this.#scale)) {',
    mutant: 'if (this.#draw === undefined && Math.abs(scaled) <= 2 ** 51 && (Math.abs(scaled) > 2 ** -900 || value === 0) && Number.isFinite(this.#scale)) {',
    why: 'the exact path gives the same; the bounds only have to lie where doubles hold what is done with them',
  },
  {
    file: 'src/format/quantise.ts', line: 'if (this.#draw === undefined && Math.abs(scaled) < 2 ** 51 && (Math.abs(scaled) > 2 ** -900 || value === 0) && Number.isFinite(this.#scale)) {',
    mutant: 'if (this.#draw === undefined && Math.abs(scaled) < 2 ** 51 && (Math.abs(scaled) > 2 ** -900 && value === 0) && Number.isFinite(this.#scale)) {',
    why: 'the exact path gives the same; the bounds only have to lie where doubles hold what is done with them',
  },
  {
    file: 'src/format/quantise.ts', line: 'if (this.#draw === undefined && Math.abs(scaled) < 2 ** 51 && (Math.abs(scaled) > 2 ** -900 || value === 0) && Number.isFinite(this.#scale)) {',
    mutant: 'if (this.#draw === undefined && Math.abs(scaled) < 2 ** 52 && (Math.abs(scaled) > 2 ** -900 || value === 0) && Number.isFinite(this.#scale)) {',
    why: 'the exact path gives the same; the bounds only have to lie where doubles hold what is done with them',
  },
  {
    file: 'src/format/quantise.ts', line: 'if (this.#draw === undefined && Math.abs(scaled) < 2 ** 51 && (Math.abs(scaled) > 2 ** -900 || value === 0) && Number.isFinite(this.#scale)) {',
    mutant: 'if (this.#draw === undefined && Math.abs(scaled) < 2 ** 51 && (Math.abs(scaled) > 3 ** -900 || value === 0) && Number.isFinite(this.#scale)) {',
    why: 'the exact path gives the same; the bounds only have to lie where doubles hold what is done with them',
  },
  {
    file: 'src/format/quantise.ts', line: 'if (this.#draw === undefined && Math.abs(scaled) < 2 ** 51 && (Math.abs(scaled) > 2 ** -900 || value === 0) && Number.isFinite(this.#scale)) {',
    mutant: 'if (this.#draw === undefined && Math.abs(scaled) < 2 ** 51 && (Math.abs(scaled) > 2 ** -901 || value === 0) && Number.isFinite(this.#scale)) {',
    why: 'the exact path gives the same; the bounds only have to lie where doubles hold what is done with them',
  },
  {
    file: 'src/format/quantise.ts', line: 'if (this.#draw === undefined && Math.abs(scaled) < 2 ** 51 && (Math.abs(scaled) > 2 ** -900 || value === 0) && Number.isFinite(this.#scale)) {',
    mutant: 'if (this.#draw === undefined && Math.abs(scaled) < 2 ** 51 && (Math.abs(scaled) > 2 ** -900 || value === 1) && Number.isFinite(this.#scale)) {',
    why: 'the exact path gives the same; the bounds only have to lie where doubles hold what is done with them',
  },
  {
    file: 'src/format/quantise.ts', line: 'if (this.#up(raw === scaled ? 0 : scaled < half ? 1 : scaled === half ? 2 : 3, raw % 2 !== 0, scaled < 0)) raw += 1;',
    mutant: 'if (this.#up(raw === scaled ? 0 : scaled < half ? 1 : scaled === half ? 2 : 3, raw % 2 !== 0, scaled <= 0)) raw += 1;',
    why: 'where nothing is discarded no mode asks for the sign',
  },
  {
    file: 'src/format/quantise.ts', line: 'overflow = raw > this.#high ? 1 : -1;',
    mutant: 'overflow = raw >= this.#high ? 1 : -1;',
    why: 'only a raw beyond a rail comes here',
  },
  {
    file: 'src/format/quantise.ts', line: 'raw = Number(settle(wanted, true, this.#format).raw);',
    mutant: 'raw = Number(settle(wanted, false, this.#format).raw);',
    why: 'only asks for the raw, not whether it underflowed',
  },
  {
    file: 'src/format/quantise.ts', line: 'const n = f >= 0n ? numerator << f : numerator;',
    mutant: 'const n = f > 0n ? numerator << f : numerator;',
    why: 'a shift by 0 either way',
  },
  {
    file: 'src/format/quantise.ts', line: 'const n = f >= 0n ? numerator << f : numerator;',
    mutant: 'const n = f >= 1n ? numerator << f : numerator;',
    why: 'a shift by 0 either way',
  },
  {
    file: 'src/format/quantise.ts', line: 'const d = f >= 0n ? denominator : denominator << -f;',
    mutant: 'const d = f > 0n ? denominator : denominator << -f;',
    why: 'a shift by 0 either way',
  },
  {
    file: 'src/format/quantise.ts', line: 'const d = f >= 0n ? denominator : denominator << -f;',
    mutant: 'const d = f >= 1n ? denominator : denominator << -f;',
    why: 'a shift by 0 either way',
  },
  {
    file: 'src/format/quantise.ts', line: 'return settle(goesUp(q, rest, d, n < 0n, format.rounding, random) ? q + 1n : q, numerator !== 0n, format);',
    mutant: 'return settle(goesUp(q, rest, d, n <= 0n, format.rounding, random) ? q + 1n : q, numerator !== 0n, format);',
    why: '0 discards nothing, and where nothing is discarded no mode asks for the sign',
  },
  {
    file: 'src/format/quantise.ts', line: 'return settle(goesUp(q, rest, d, n < 0n, format.rounding, random) ? q + 1n : q, numerator !== 0n, format);',
    mutant: 'return settle(goesUp(q, rest, d, n < 1n, format.rounding, random) ? q + 1n : q, numerator !== 0n, format);',
    why: '0 discards nothing, and where nothing is discarded no mode asks for the sign',
  },
  {
    file: 'src/format/quantise.ts', line: 'const ones = (1n << w) - 1n;',
    mutant: 'const ones = (0n << w) - 1n;',
    why: 'only its half is used, as a mask below the top bit or to invert; with ones without end the word keeps the same',
  },
  {
    file: 'src/format/quantise.ts', line: 'const flip = bit(w) === bit(w - 1n) ? 0n : ones >> 1n;',
    mutant: 'const flip = bit(w) === bit(w - 1n) ? 0n : ones >> 0n;',
    why: 'the bit more that it inverts is masked away',
  },
  {
    file: 'src/format/quantise.ts', line: 'if (this.#draw === undefined && Math.abs(scaled) < 2 ** 51 && (Math.abs(scaled) > 2 ** -900 || value === 0) && Number.isFinite(this.#scale)) {',
    mutant: 'if (this.#draw === undefined && Math.abs(scaled) < 2 ** 51 && (Math.abs(scaled) >= 2 ** -900 || value === 0) && Number.isFinite(this.#scale)) {',
    why: 'the exact path gives the same; the bound only has to lie where scaling cannot round',
  },
  {
    file: 'src/format/quantise.ts',
    line: 'const top = signed ? (sign << (n - 1n)) | (sign === 1n ? 0n : (1n << (n - 1n)) - 1n) : sign === 1n ? 0n : (1n << n) - 1n;',
    mutant: 'const top = signed ? (sign << (n - 1n)) | (sign === 1n ? 0n : (1n << (n - 1n)) - 1n) : sign === 1n ? 0n : (1n >> n) - 1n;',
    why: 'n ≥ 1 here, so it is −1, ones without end, of which the word keeps the same',
  },
  {
    file: 'src/format/quantise.ts', line: 'const flip = magnitude && bit(kept) !== (top & 1n) ? (1n << kept) - 1n : 0n;',
    mutant: 'const flip = magnitude && bit(kept) !== (top & 1n) ? (1n >> kept) - 1n : 0n;',
    why: 'ones without end in place of `kept` ones, and only the lowest `kept` bits are kept; none for kept = 0 in either',
  },
  {
    file: 'assembly/fixed/quantise.ts', line: 'return settle(raw, true, site, element, index); // at an edge or beyond: no zero, so nothing that can underflow',
    mutant: 'return settle(raw, false, site, element, index); // at an edge or beyond: no zero, so nothing that can underflow',
    why: 'edges leave 0 out, and only a 0 can underflow',
  },
  {
    file: 'src/format/quantise.ts', line: 'if (overflow > 0) counters.overflowHigh++;',
    mutant: 'if (overflow >= 0) counters.overflowHigh++;',
    why: '0 was taken care of before',
  },
  {
    file: 'src/format/quantise.ts', line: 'counters.firstOverflow ??= { step, element, index: 0, wanted: BigInt.asIntN(64, wanted) === wanted ? wanted : wanted < 0n ? -(1n << 63n) : (1n << 63n) - 1n, raw: BigInt(raw) };',
    mutant: 'counters.firstOverflow ??= { step, element, index: 0, wanted: BigInt.asIntN(64, wanted) === wanted ? wanted : wanted <= 0n ? -(1n << 63n) : (1n << 63n) - 1n, raw: BigInt(raw) };',
    why: '0 fits 64 bits, so it does not come so far',
  },
  {
    file: 'src/format/quantise.ts', line: 'counters.firstOverflow ??= { step, element, index: 0, wanted: BigInt.asIntN(64, wanted) === wanted ? wanted : wanted < 0n ? -(1n << 63n) : (1n << 63n) - 1n, raw: BigInt(raw) };',
    mutant: 'counters.firstOverflow ??= { step, element, index: 0, wanted: BigInt.asIntN(64, wanted) === wanted ? wanted : wanted < 1n ? -(1n << 63n) : (1n << 63n) - 1n, raw: BigInt(raw) };',
    why: '0 fits 64 bits, so it does not come so far',
  },
  {
    file: 'src/format/quantise.ts', line: 'if (raw < this.#min) this.#min = raw;',
    mutant: 'if (raw <= this.#min) this.#min = raw;',
    why: 'stores what is there already',
  },
  {
    file: 'src/format/quantise.ts', line: 'if (raw > this.#max) this.#max = raw;',
    mutant: 'if (raw >= this.#max) this.#max = raw;',
    why: 'stores what is there already',
  },
];

/** Textual mutations of one line: [start, end, replacement]. Binary operators are told from type parameters by the blanks around them,
 *  and from unions of types by having neither a text (blanked out) nor `undefined` beside them. */
const SWAPS = {
  '+': ['-'], '-': ['+'], '*': ['+'], '/': ['*'], '<<': ['>>'], '>>': ['<<'], '>>>': ['<<'], '&': ['|'], '|': ['&'], '^': ['|'],
  '&&': ['||'], '||': ['&&'], '<': ['<='], '<=': ['<'], '>': ['>='], '>=': ['>'], '==': ['!='], '!=': ['=='], '===': ['!=='], '!==': ['==='],
  '+=': ['-='], '-=': ['+='], '<<=': ['>>='], '>>=': ['<<='], '|=': ['&='],
};

function mutationsOf(line) {
  const found = [];
  const code = line.replace(/\/\/.*$/, '').replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`/g, (text) => ' '.repeat(text.length));
  for (const match of code.matchAll(/(?<=[^ ] )([-+*/<>=!&|^]+)(?= [^ ])(?! undefined\b)/g)) {
    // A shift count is taken modulo 64.
    if (match[1] === '-' && /^ 64\)/.test(code.slice(match.index + 1))) continue;
    for (const other of SWAPS[match[1]] ?? []) found.push([match.index, match.index + match[1].length, other]);
  }
  for (const match of code.matchAll(/\+\+|--/g)) found.push([match.index, match.index + 2, match[0] === '++' ? '--' : '++']);
  for (const match of code.matchAll(/(?<![\w.$])(0x[0-9a-f]+|\d+)(n?)\b(?!\.\d)/g)) {
    const [text, digits, suffix] = match;
    const value = BigInt(digits);
    const other = value === 1n ? 0n : value + 1n;
    found.push([match.index, match.index + text.length, `${digits.startsWith('0x') ? `0x${other.toString(16)}` : other}${suffix}`]);
  }
  for (const match of code.matchAll(/\b(true|false)\b/g)) found.push([match.index, match.index + match[0].length, match[0] === 'true' ? 'false' : 'true']);
  for (const match of code.matchAll(/(?<=[(=&|?:] ?)([~!-])(?=[\w(])/g)) found.push([match.index, match.index + 1, '']);
  for (const match of code.matchAll(/ && [^&|?:;]+?(?= &&|[)?;]|$)/g)) {
    if (balanced(match[0])) found.push([match.index, match.index + match[0].length, '']);
  }
  for (const match of code.matchAll(/ \? /g)) {
    const swapped = swapArms(code, line, match.index + 3);
    if (swapped) found.push(swapped);
  }
  return found;
}

function balanced(text) {
  let depth = 0;
  for (const character of text) {
    if (character === '(') depth++;
    if (character === ')' && --depth < 0) return false;
  }
  return depth === 0;
}

/** `a ? b : c` with b and c exchanged; undefined where they do not end on this line. */
function swapArms(code, line, from) {
  let depth = 0;
  let nested = 0;
  let middle = -1;
  let at = from;
  for (; at < code.length; at++) {
    const character = code[at];
    if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character) && --depth < 0) break;
    else if (depth === 0 && (character === ';' || character === ',')) break;
    else if (depth === 0 && code.startsWith(' ? ', at)) nested++;
    else if (depth === 0 && code.startsWith(' : ', at)) {
      if (nested > 0) nested--;
      else if (middle < 0) middle = at;
      else break;
    }
  }
  if (middle < 0) return undefined;
  return [from, at, `${line.slice(middle + 3, at)} : ${line.slice(from, middle)}`];
}

/** Lines that hold no arithmetic: comments, imports, types, texts, and module variables that every use sets first. */
const SKIPPED = /^\s*(\/?\*|\/\/|import |\} from |export (type|interface) |readonly |about:|@|case |type )|^\s*$|^(export )?let \w+: \w+ = (0|false);$/;

function mutantsOf(file) {
  const mutants = [];
  readFileSync(join(ROOT, file), 'utf8').split('\n').forEach((line, index) => {
    if (SKIPPED.test(line)) return;
    for (const [start, end, text] of mutationsOf(line)) {
      const mutant = line.slice(0, start) + text + line.slice(end);
      if (mutant !== line) mutants.push({ file, index, line: line.trim(), mutant: mutant.trim(), text: mutant });
    }
  });
  return mutants;
}

const equivalent = ({ file, line, mutant }) => EQUIVALENT.find((known) => known.file === file && known.line === line && known.mutant === mutant);

/** Ends of running children, so that nothing is left behind. */
const running = new Set();

function run(directory, args, env, limit) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: directory, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    running.add(child);
    let output = '';
    child.stdout.on('data', (part) => (output += part));
    child.stderr.on('data', (part) => (output += part));
    const stop = () => process.kill(-child.pid, 'SIGKILL');
    const timer = setTimeout(stop, limit);
    child.once('close', (code) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ passed: code === 0, output });
    });
  });
}

/** Builds the core of a copy: the debug build, which takes the least time, stands for all of them, or with SIMD for the one with lanes. In this process, where the compiler is warm. */
async function build(directory, lanes) {
  const { error, stderr } = await asc.main(['--baseDir', directory, '--config', join(directory, 'asconfig.json'), '--target', 'debug', ...(lanes ? ['--enable', 'simd'] : [])]);
  if (error) return { passed: false, output: stderr.toString() };
  for (const name of lanes ? ['core.simd.wasm'] : ['core.wasm', 'core.simd.wasm']) copyFileSync(join(directory, 'build/core.debug.wasm'), join(directory, 'build', name));
  return { passed: true, output: '' };
}

/** Whether every test run passes; the output of the first that does not. */
async function tests(directory, runs) {
  for (const { files, only, seeds } of runs) {
    const args = ['node_modules/vitest/vitest.mjs', 'run', '--bail', '1', '--reporter', 'dot', ...files, ...(only ? ['-t', only] : [])];
    const result = await run(directory, args, seeds ? { QRAILS_ORACLE_SEEDS: String(seeds) } : {}, LIMIT_MS);
    if (!result.passed) return result;
  }
  return { passed: true, output: '' };
}

async function survives(directory, { file, index, text }) {
  const path = join(directory, file);
  const original = readFileSync(join(ROOT, file), 'utf8');
  const lines = original.split('\n');
  lines[index] = text;
  writeFileSync(path, lines.join('\n'));
  try {
    if (HOST.includes(file)) return (await tests(directory, HOST_RUNS)).passed;
    const lanes = LANES.includes(file);
    return (await build(directory, lanes)).passed && (await tests(directory, lanes ? LANE_RUNS : CORE_RUNS)).passed;
  } finally {
    writeFileSync(path, original);
  }
}

/** Puts back the core that a mutant has left behind: host mutants run on the unchanged one. */
function restoreCore(directory, pristine) {
  for (const name of ['core.debug.wasm', 'core.wasm', 'core.simd.wasm']) copyFileSync(join(pristine, 'build', name), join(directory, 'build', name));
}

/** The first `count` of the list in an order drawn with the seed (multiplicative congruential, 2^31 − 1). */
function sampled(list, count, seed) {
  const shuffled = [...list];
  let state = (seed % 2147483646) + 1;
  for (let i = shuffled.length - 1; i > 0; i--) {
    state = (state * 48271) % 2147483647;
    const j = state % (i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
  }
  return shuffled.slice(0, count);
}

const { values: options } = parseArgs({
  options: {
    sample: { type: 'string' }, seed: { type: 'string', default: '1' }, file: { type: 'string', default: '' }, lines: { type: 'string', default: '1-' },
    jobs: { type: 'string', default: String(availableParallelism()) }, list: { type: 'boolean', default: false }, lanes: { type: 'boolean', default: false },
  },
});
const [firstLine, lastLine = firstLine] = options.lines.split('-').map(Number);
const all = (options.lanes ? LANES : [...CORE, ...HOST]).filter((file) => file.includes(options.file)).flatMap(mutantsOf)
  .filter(({ index }) => index + 1 >= firstLine && index + 1 <= (lastLine || Infinity));
const chosen = options.sample === undefined ? all : sampled(all, Number(options.sample), Number(options.seed));
const show = ({ file, index, line, mutant }) => `${file}:${index + 1}\n  - ${line}\n  + ${mutant}`;
if (options.list) {
  for (const mutant of chosen) console.log(show(mutant));
  console.log(`${chosen.length} mutants`);
  process.exit(0);
}
if (chosen.length === 0) {
  console.error('no such mutant');
  process.exit(1);
}

const base = mkdtempSync(join(tmpdir(), 'qrails-mutants-'));
const cleanUp = () => {
  for (const child of running) process.kill(-child.pid, 'SIGKILL');
  rmSync(base, { recursive: true, force: true });
};
process.once('SIGINT', () => {
  cleanUp();
  process.exit(130);
});
const workers = Math.min(Number(options.jobs), Math.max(1, chosen.length));
const directories = Array.from({ length: workers }, (_, k) => {
  const directory = join(base, String(k));
  for (const name of COPIED) cpSync(join(ROOT, name), join(directory, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  return directory;
});

let exitCode = 0;
try {
  const began = Date.now();
  const among = (files) => chosen.some(({ file }) => files.includes(file));
  const needed = [...(among(HOST) ? HOST_RUNS : []), ...(among(CORE) ? CORE_RUNS : [])];
  for (const step of [() => build(directories[0]), () => tests(directories[0], needed), ...(among(LANES) ? [() => build(directories[0], true), () => tests(directories[0], LANE_RUNS)] : [])]) {
    const { passed, output } = await step();
    if (!passed) throw new Error(`without any mutant the tests fail:\n${output.slice(-4000)}`);
  }
  const pristine = join(base, 'pristine');
  cpSync(join(directories[0], 'build'), join(pristine, 'build'), { recursive: true });
  for (const directory of directories) restoreCore(directory, pristine);
  console.log(`${chosen.length} of ${all.length} mutants, ${workers} at a time`);

  const survivors = [];
  const queue = [...chosen];
  let done = 0;
  const every = Math.max(1, Math.min(50, Math.floor(chosen.length / 5)));
  await Promise.all(directories.map(async (directory) => {
    for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
      if (!equivalent(mutant) && (await survives(directory, mutant))) {
        survivors.push(mutant);
        console.log(`survived: ${show(mutant)}`);
      }
      if (!HOST.includes(mutant.file)) restoreCore(directory, pristine);
      if (++done % every === 0) console.log(`${done} of ${chosen.length}, ${Math.round((Date.now() - began) / 1000)} s`);
    }
  }));
  const known = chosen.filter(equivalent).length;
  console.log(`${chosen.length - known - survivors.length} noticed, ${known} equivalent, ${survivors.length} survived; ${Math.round((Date.now() - began) / 1000)} s`);
  if (options.sample === undefined && !options.lanes && options.file === '' && options.lines === '1-') {
    for (const entry of EQUIVALENT) if (!all.some((mutant) => equivalent(mutant) === entry)) console.log(`no such mutant any more: ${entry.file}: ${entry.mutant}`);
  }
  if (survivors.length > 0) exitCode = 1;
} catch (error) {
  console.error(error.message);
  exitCode = 1;
} finally {
  cleanUp();
}
process.exit(exitCode);
