/** SystemVerilog export: package, synthesizable units, and a bench that checks itself. docs/hdl.md. */
import type { Plan } from '../../schema/plan.js';
import { identifierOf } from '../cText.js';
import type { LayerRaws } from '../cTables.js';
import { packageOf } from './constants.js';
import type { HdlBench } from './fill.js';
import { svBench } from './svBench.js';
import { svPackage } from './svPackage.js';
import { svPrimitives } from './svPrimitives.js';
import { header, vectorFiles, type HdlOptions } from './text.js';

/**
 * A plan as SystemVerilog (IEEE 1800-2012, the part of it that iverilog, Verilator and yosys share). The same arguments give the same bytes.
 *
 * @param bench units and vectors of the plan (`benchOf`)
 * @param finalRaw parameters after a run: tables of their own
 * @returns file contents by name, ASCII only
 * @throws QrailsError as `packageOf`; `usage` for a name that cannot begin an identifier
 * @example const files = exportSv(plan, await benchOf(plan, dataset), { name: 'demo', ...origin });
 */
export function exportSv(plan: Plan, bench: HdlBench, options: HdlOptions, finalRaw?: LayerRaws): Record<string, string> {
  const prefix = identifierOf(options.name);
  const hdl = packageOf(plan, finalRaw);
  const units = bench.units.map(({ unit }) => unit);
  const file = (about: string, blocks: readonly string[]): string => `${[header('//', plan, options, [about]), ...blocks].join('\n\n')}\n`;
  return {
    [`${prefix}_pkg.sv`]: file('Constants, formats and tables. A raw r stands for r * 2^-FRAC_BITS.', svPackage(hdl, prefix)),
    [`${prefix}_prim.sv`]: file('Units of the data path, synthesizable, with the formats of the package.', svPrimitives(units, prefix)),
    [`${prefix}_tb.sv`]: file('Test bench: prints PASS and the number of checks, or the first difference and FAIL. Run it in this folder.', svBench(hdl, bench.units, prefix)),
    ...vectorFiles(plan, bench.units, prefix, options),
  };
}
