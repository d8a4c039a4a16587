/** A progress bar on standard error, only where that is a terminal. */
import type { SingleBar } from 'cli-progress';
import type { CommonOptions } from './context.js';

interface Progress {
  update(done: number, of: number, what: string): void;
  stop(): void;
}

/** Runs shorter than this show no bar. */
const PATIENCE_MS = 400;

/** Shows progress while something runs; the bar is gone before its result is printed. */
export async function withProgress<T>({ quiet = false }: CommonOptions, run: (update: Progress['update']) => Promise<T>): Promise<T> {
  const progress = await createProgress(quiet);
  try {
    return await run((...at) => progress.update(...at));
  } finally {
    progress.stop();
  }
}

async function createProgress(quiet: boolean): Promise<Progress> {
  if (quiet || process.stderr.isTTY !== true) return { update: () => undefined, stop: () => undefined };
  const { default: progress } = await import('cli-progress');
  let bar: SingleBar | undefined;
  const begun = performance.now();
  return {
    update(done, of, what) {
      if (performance.now() - begun < PATIENCE_MS) return;
      if (!bar) {
        bar = new progress.SingleBar({ format: ' {bar} {percentage} % · {eta_formatted} left · {what}', stream: process.stderr, clearOnComplete: true, hideCursor: true }, progress.Presets.rect);
        bar.start(of, done, { what });
      }
      bar.setTotal(of);
      bar.update(done, { what });
    },
    stop: () => bar?.stop(),
  };
}
