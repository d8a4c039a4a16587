/** Tables as NumPy arrays, and formats as JSON. Format of the arrays: numpy.lib.format in NumPy's documentation. docs/hdl.md. */
import { npyHead } from '../output/npy.js';
import type { Plan } from '../schema/plan.js';
import { siteKeys } from '../site/sites.js';
import { integerType, type IntegerType } from './cInteger.js';
import type { Table } from './cTable.js';
import type { LayerRaws } from './cTables.js';
import { identifierOf } from './cText.js';
import { namesOf } from './hdl/constants.js';
import { tableChecksum, type TableOptions } from './memory.js';

/**
 * `name_table.npy`, integers of the smallest type, weights as [output][input]; and `name_formats.json`: the format of every table and site, and the
 * constants as decimal text.
 *
 * @throws QrailsError as `namesOf`, `usage` for a name that cannot begin an identifier
 */
export function exportNumpy(plan: Plan, options: TableOptions, finalRaw?: LayerRaws): Record<string, string | Uint8Array> {
  const prefix = identifierOf(options.name);
  const { tables, groups } = namesOf(plan, finalRaw);
  const { toolVersion, planHash, profile, sensor, title } = options;
  const formats = {
    title, toolVersion, planHash, profile, sensor, seed: plan.seed,
    tables: Object.fromEntries(tables.map((table) => [table.name, {
      file: `${prefix}_${table.name}.npy`, about: table.about, ...bare(table.format), shape: shapeOf(plan, table), crc32: tableChecksum(table),
    }])),
    sites: Object.fromEntries(siteKeys(plan.layers.length).flatMap((key) => {
      const site = plan.sites[key];
      return site ? [[key, { ...bare(site), rounding: site.rounding, overflow: site.overflow, saturatedBits: site.saturatedBits ?? 0, rails: site.rails }]] : [];
    })),
    constants: Object.fromEntries(groups.flatMap(({ constants }) => constants.map(({ name, value }) => [name, String(value)]))),
  };
  return {
    ...Object.fromEntries(tables.map((table) => [`${prefix}_${table.name}.npy`, npyArray(table.raws, integerType(table.format), shapeOf(plan, table))])),
    [`${prefix}_formats.json`]: `${ascii(JSON.stringify(formats, null, 2))}\n`,
  };
}

/** JSON in ASCII. */
const ascii = (text: string): string => text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

const bare = ({ signed, wordLength, fractionLength }: Table['format']): Pick<Table['format'], 'signed' | 'wordLength' | 'fractionLength'> => ({ signed, wordLength, fractionLength });

/** Weights as rows of outputs; anything else as a list. */
function shapeOf({ layers }: Plan, { name, raws }: Table): number[] {
  const layer = /^layer(\d+)_weight/.exec(name);
  return layer ? [layers[Number(layer[1])]!.outputs, layers[Number(layer[1])]!.inputs] : [raws.length];
}

/** Integers as a `.npy` file, row by row. */
function npyArray(raws: readonly bigint[], { signed, bits }: IntegerType, shape: readonly number[]): Uint8Array {
  const size = bits / 8;
  const data = new Uint8Array(size * raws.length);
  raws.forEach((raw, index) => {
    const word = BigInt.asUintN(bits, raw);
    for (let byte = 0; byte < size; byte++) data[index * size + byte] = Number((word >> BigInt(8 * byte)) & 0xffn);
  });
  return Buffer.concat([npyHead(`${size === 1 ? '|' : '<'}${signed ? 'i' : 'u'}${size}`, shape), data]);
}
