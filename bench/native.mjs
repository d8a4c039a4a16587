/** Compiles a job's C twin and runs it on data written to a file. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The two flag sets a job is compared with; always named with their figures. */
export const FLAGS = { O3: ['-O3'], native: ['-O3', '-march=native'] };

/** Room for the bits of a thousand runs as JSON. */
const MOST_OUTPUT = 2 ** 28;

/** First line of `COMPILER --version`, or undefined where there is none. */
export function compilerVersion(compiler) {
  try {
    return execFileSync(compiler, ['--version'], { encoding: 'utf8' }).split('\n')[0];
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Compiles bench/c/<source>.c for a job with a flag set into a directory; the program's path. */
export function compile({ source, rows, defines = [] }, flagSet, directory) {
  const macros = [`ROWS=${rows}`, ...defines];
  const program = join(directory, [source, ...macros, flagSet].join('-'));
  const file = fileURLToPath(new URL(`c/${source}.c`, import.meta.url));
  execFileSync('gcc', ['-std=gnu11', '-Wall', '-Wextra', '-Werror', ...macros.map((macro) => `-D${macro}`), ...FLAGS[flagSet], '-o', program, file, '-lm'], { stdio: ['ignore', 'ignore', 'inherit'] });
  return program;
}

/** Writes a job's data as bench/c/harness.h reads it; the file's path. */
export function writeData(name, { steps, chunk = steps, limit = Infinity, sets, runs }, directory) {
  const { sites } = runs[0].plan;
  const most = limit === Infinity ? 2n ** 63n - 1n : BigInt(Math.floor(limit * 2 ** sites.loss.fractionLength));
  const header = [steps, chunk, Number(BigInt.asIntN(32, most)), Number(most >> 32n), sets.length, runs.length];
  const words = runs.map(({ set, plan }) => {
    const initial = plan.initial.flatMap(({ weightsRaw, biasRaw }) => [...weightsRaw.flat(), ...biasRaw]);
    return Int32Array.of(set, Number(plan.phases[0].learningRate.raw), ...initial.map(Number));
  });
  const path = join(directory, `${name}.bin`);
  const parts = [Int32Array.from(header), ...sets.flatMap(({ inputs, targets }) => [inputs, targets]), ...words];
  writeFileSync(path, Buffer.concat(parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength))));
  return path;
}

const run = (program, file, repetitions) => JSON.parse(execFileSync(program, [file, String(repetitions)], { encoding: 'utf8', maxBuffer: MOST_OUTPUT }));

/** Bits of every run. */
export const nativeResults = (program, file) => run(program, file, 0).runs;

/** Nanoseconds of each repetition after a warm-up one, and the process's largest memory. */
export const nativeTimes = (program, file, repetitions) => run(program, file, repetitions);
