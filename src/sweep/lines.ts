/** Tables as lines of text: CSV, and JSON objects (NDJSON). Numbers are the shortest decimals that read back to the same double. */
import { quoted } from '../map/tables.js';
import type { Cell, Column } from './columns.js';
import type { OpenSink } from './sink.js';

/** Characters written at once. */
const AT_ONCE = 2 ** 16;

const csvCell = (cell: Cell): string => (cell === null ? '' : typeof cell === 'string' ? quoted(cell) : String(cell));

/** One line a row, behind the lines of a head. */
const lines = (head: (columns: readonly Column[]) => string, lineOf: (columns: readonly Column[]) => (row: readonly Cell[]) => string): OpenSink => async (columns, _, open) => {
  const file = await open(1, 1);
  const line = lineOf(columns);
  let text = head(columns);
  const flush = (): Promise<void> => {
    const full = text;
    text = '';
    return file.write(full);
  };
  return {
    add(row) {
      text += line(row);
      return text.length < AT_ONCE ? undefined : flush();
    },
    end: flush,
  };
};

/** CSV as RFC 4180 has it but for its line ends, which are `\n`: empty where there is nothing, `Infinity` where a number is infinite. */
export const openCsv = lines(
  (columns) => `${columns.map(({ name }) => quoted(name)).join(',')}\n`,
  () => (row) => {
    let line = '';
    for (let k = 0; k < row.length; k++) line += (k === 0 ? '' : ',') + csvCell(row[k]!);
    return `${line}\n`;
  },
);

/** One object a line, every column in it: null where there is nothing, or a number is infinite. */
export const openNdjson = lines(
  () => '',
  (columns) => {
    const keys = columns.map(({ name }, k) => `${k === 0 ? '{' : ','}${JSON.stringify(name)}:`);
    return (row) => {
      let line = '';
      for (let k = 0; k < row.length; k++) {
        const cell = row[k]!;
        line += keys[k]! + (typeof cell === 'string' ? JSON.stringify(cell) : typeof cell === 'number' && !Number.isFinite(cell) ? 'null' : String(cell));
      }
      return `${line}}\n`;
    };
  },
);
