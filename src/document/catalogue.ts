/** Shipped documents by name, and the rule that tells a name from a path. */
import { dirname, resolve as resolvePath } from 'node:path';
import { QrailsError } from '../errors.js';
import { closest } from './closest.js';
import { filesIn, packagePath } from './package.js';
import { printable } from './show.js';
import { STDIN_LABEL } from './text.js';

/** Kinds of document a user writes, with the folder of the package that ships some. */
const FOLDERS = {
  profile: 'hw-profiles/targets',
  sensor: 'hw-profiles/sensors',
  experiment: 'experiments',
} as const;

export type DocumentKind = keyof typeof FOLDERS;
export const DOCUMENT_KINDS = Object.keys(FOLDERS) as DocumentKind[];

const SUFFIX = '.json';

/** Where a document is. */
export interface Location {
  /** What messages call it: the path as given, or for a shipped one its path in the package. */
  readonly label: string;
  /** Absolute path, or `-` for standard input. */
  readonly path: string;
  /** Absolute directory that relative paths inside the document start from. */
  readonly directory: string;
}

/**
 * Names of the shipped documents of a kind, sorted.
 *
 * @example list('profile') // ['cortex-m4-q15', 'enabol-mid', …]
 */
export function list(kind: DocumentKind): string[] {
  return filesIn(FOLDERS[kind])
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort();
}

/**
 * Finds a document. `-` is standard input; text with a slash or ending in `.json` is a path; anything else is the name of a shipped one.
 *
 * @param directory where a relative path starts
 * @throws QrailsError `not-found` for a name that is not shipped. Whether a path exists shows when it is read.
 * @example resolve('profile', 'enabol-mid').path; resolve('profile', './mine.json').path
 */
export function resolve(kind: DocumentKind, nameOrPath: string, directory = process.cwd()): Location {
  if (nameOrPath === '-') return { label: STDIN_LABEL, path: '-', directory };
  if (/[\\/]/.test(nameOrPath) || nameOrPath.endsWith(SUFFIX)) {
    const path = resolvePath(directory, nameOrPath);
    return { label: printable(nameOrPath, 400), path, directory: dirname(path) };
  }
  const names = list(kind);
  if (!names.includes(nameOrPath)) {
    const shown = printable(nameOrPath);
    const near = closest(nameOrPath, names);
    throw new QrailsError({
      code: 'not-found',
      message: `there is no shipped ${kind} "${shown}"`,
      expected: `one of ${names.join(', ')}, or a path: it has a slash or ends in ${SUFFIX}`,
      try: near ?? `./${shown} or ${shown}${SUFFIX}, if it is a file`,
    });
  }
  const label = `${FOLDERS[kind]}/${nameOrPath}${SUFFIX}`;
  const path = packagePath(label);
  return { label, path, directory: dirname(path) };
}
