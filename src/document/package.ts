/** Where the package's own files are. The live page has a module of its own in the place of this one: src/play/browser/package.ts. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PACKAGE = new URL('../../', import.meta.url); // the same from src/document and from dist/document

/** Names of the files in a folder of the package. */
export const filesIn = (folder: string): string[] => readdirSync(new URL(`${folder}/`, PACKAGE));

/** The absolute path of a file of the package. */
export const packagePath = (file: string): string => fileURLToPath(new URL(file, PACKAGE));
