/** Tables of numbers as text: rows of cells, exact. */
import type { Rational } from '../format/real.js';
import type { NumberArray } from './array.js';
import { IMPORT_LIMITS } from './limits.js';
import { refusal } from './refusal.js';
import { boundedReal, checkCount } from './text.js';

const NUMBER = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
/** The length first: a long text is no number, and none is looked at twice. */
const isNumber = (cell: string): boolean => cell.length <= IMPORT_LIMITS.number && NUMBER.test(cell);

/**
 * A table: cells separated by comma, semicolon, tab or space; lines that begin with `#` are comments; a first line without any number is headings.
 *
 * @throws QrailsError `data` with line and column
 */
export function readNumbers(text: string, file: string, name: string): NumberArray {
  const values: Rational[] = [];
  let columns: number | undefined;
  let [start, line, rows] = [0, 0, 0];
  const refuse = (message: string, found: string, expected: string): never => {
    throw refusal('data', `${file}, line ${line}`, message, found, expected);
  };
  for (let headings = true; start < text.length;) {
    const end = text.indexOf('\n', start);
    const content = text.slice(start, end === -1 ? text.length : end).trim();
    start = end === -1 ? text.length : end + 1;
    line++;
    if (content === '' || content.startsWith('#')) continue;
    const cells = split(content);
    if (headings && !cells.some(isNumber)) {
      headings = false;
      continue;
    }
    headings = false;
    columns ??= cells.length;
    if (cells.length !== columns) refuse('rows differ in length', `${cells.length} cells`, `${columns}, as in the rows above`);
    checkCount(values.length + cells.length, `${file}, line ${line}`);
    cells.forEach((cell, column) => {
      if (!isNumber(cell)) refuse(`column ${column + 1} is no number`, cell, 'a decimal such as -0.05');
      values.push(boundedReal(cell, `${file}, line ${line}, column ${column + 1}`));
    });
    rows++;
  }
  if (rows === 0 || columns === undefined) return refuse('there are no numbers in this file', 'none', 'rows of numbers');
  return { name, file, shape: rows === 1 ? [columns] : columns === 1 ? [rows] : [rows, columns], numbers: { kind: 'real', values } };
}

/** The separator of a line is the strongest mark in it. */
function split(line: string): string[] {
  const mark = [';', '\t', ','].find((character) => line.includes(character));
  return mark === undefined ? line.split(/\s+/) : line.replace(/[;,]$/, '').split(mark).map((cell) => cell.trim());
}
