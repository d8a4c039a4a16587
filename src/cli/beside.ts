/** Files that are written beside the result on standard output. */
import { QrailsError } from '../errors.js';
import { openOutput, type OutputFile } from '../output/file.js';

/** @throws QrailsError `usage` for `-`: standard output has the result */
export function checkBeside(option: string, path: string): void {
  if (path === '-') throw new QrailsError({ code: 'usage', where: option, message: 'standard output has the result', found: '-', expected: 'a file' });
}

/** Opens such a file. @throws QrailsError as `checkBeside`; `output` where it cannot be made */
export async function openBeside(option: string, path: string): Promise<OutputFile> {
  checkBeside(option, path);
  return openOutput(path);
}
