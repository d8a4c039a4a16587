/** Stands in for src/document/package.ts in the page: the shipped documents, under paths that begin with a slash. */
import { FILES } from 'virtual:qrails/files';

export const filesIn = (folder: string): string[] => Object.keys(FILES).flatMap((file) => (file.startsWith(`/${folder}/`) ? [file.slice(folder.length + 2)] : []));

export const packagePath = (file: string): string => `/${file}`;
