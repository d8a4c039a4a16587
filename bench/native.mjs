/** Compiles a job's C twin and runs it on data written to a file. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The two flag sets a job is compared with; always named with their figures. */
export const FLAGS = { O3: ['-O3'], native: ['-O3', '-march=native'] };

/** First line of `gcc --version`, or undefined where there is no gcc. */
export function compilerVersion() {
  try {
    return execFileSync('gcc', ['--version'], { encoding: 'utf8' }).split('\n')[0];
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Compiles bench/c/<id>.c with a flag set into a directory; the program's path. */
export function compile(id, flagSet, directory) {
  const program = join(directory, `${id}-${flagSet}`);
  const source = fileURLToPath(new URL(`c/${id}.c`, import.meta.url));
  execFileSync('gcc', ['-std=gnu11', '-Wall', '-Wextra', '-Werror', ...FLAGS[flagSet], '-o', program, source], { stdio: ['ignore', 'ignore', 'inherit'] });
  return program;
}

/** Writes steps, initial weights, inputs and targets as int32 words; the file's path. */
export function writeData(name, { plan, steps }, { inputs, targets }, directory) {
  const path = join(directory, `${name}.bin`);
  const weights = plan.initial[0].weightsRaw.flat().map(Number);
  writeFileSync(path, Buffer.concat([Int32Array.of(steps, ...weights), inputs, targets].map(({ buffer }) => Buffer.from(buffer))));
  return path;
}

/** Runs a program: `nanoseconds` of each repetition after a warm-up run, and the `result` of the last. */
export function runNative(program, file, repetitions) {
  const { nanoseconds, ...result } = JSON.parse(execFileSync(program, [file, String(repetitions)], { encoding: 'utf8' }));
  return { nanoseconds, result };
}
