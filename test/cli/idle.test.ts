/** Options that would not act are refused, each with what it does not go with. */
import { afterAll, expect, it } from 'vitest';
import { Folder } from './qrails.js';

const SWEEP = { name: 's', base: { experiment: 'exp-000a', throttle: 'none' }, axes: [{ path: 'profile.sites.weight.wordLength', values: [12, 14] }], seeds: { count: 2 } };
const folder = new Folder({ 'sweep.json': JSON.stringify(SWEEP), 'w.c': 'const short w[4] = {1, 2, 3, 4};\n' });
afterAll(() => folder.remove());

it.each([
  [['compare', '--seeds', '5', '--part', '0.2'], '--seeds, --part: '],
  [['compare', '--profile', 'enabol-mid,enabol-tight', '--part', '0.2'], '--part: takes one target'],
  [['sweep', 'sweep.json', '--shard', '1/2', '--format', 'parquet'], '--shard, --format: '],
  [['report', '--json', '--map', 'map.json'], '--json, --map: '],
  [['instruments', '--json', '-o', 'steps.parquet'], '--json, --output: '],
  [['ema', '--form', 'shift', '--coefficient', 'ufix8_En8'], '--coefficient: a shift has no constants'],
  [['import', 'w.c', '-f', 'sfix16_En15', '--into', 'exp-000a', '--order', 'cmsis'], '--into, --order: '],
  [['margins', '--of', 'gain,,rate'], "option '--of <kinds>' argument 'gain,,rate' is invalid"],
] as const)('%s', async (args, message) => {
  const { code, stdout, stderr } = await folder.qrails([...args]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
});
