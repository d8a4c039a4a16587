/** uPlot, which draws the curves, as text to stand in the page, with its licence. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface Library {
  readonly script: string;
  readonly style: string;
}

let read: Library | undefined;

/** Read once, from the installed package. */
export function uPlotLibrary(): Library {
  if (read) return read;
  const folder = dirname(createRequire(import.meta.url).resolve('uplot/package.json'));
  const text = (name: string): string => readFileSync(join(folder, name), 'utf8').trim();
  const { version } = JSON.parse(text('package.json')) as { version: string };
  const banner = /^\/\*![\s\S]*?\*\/\s*/; // names an address; name and licence stand in its place
  read = {
    script: `/*! uPlot ${version}\n${text('LICENSE').replaceAll('*/', '* /')}\n*/\n${text('dist/uPlot.iife.min.js').replace(banner, '')}`,
    style: text('dist/uPlot.min.css'),
  };
  return read;
}
