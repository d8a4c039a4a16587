/** Where the builds of the core are read from. The live page has a module of its own in the place of this one: src/play/browser/bytes.ts. */
import { readFile } from 'node:fs/promises';

/** @param file name of a build in the package, as in `BUILDS` */
export const coreBytes = (file: string): Promise<BufferSource> => readFile(new URL(`../../build/${file}`, import.meta.url));
