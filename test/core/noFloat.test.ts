/** The fixed exports run no floating-point instruction: their call graphs, read from the compiled modules. */
import binaryen from 'binaryen';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BUILDS } from '../../src/core/load.js';

/** Functions of a module by name: their text, and the functions they call. */
function callGraph(file: string): { exports: Map<string, string>; bodies: Map<string, string> } {
  const module = binaryen.readBinary(readFileSync(new URL(`../../build/${file}`, import.meta.url)));
  const text = module.emitText();
  const bodies = new Map<string, string>();
  for (const part of text.split(/\n (?=\(func )/).slice(1)) bodies.set(/^\(func \$(\S+)/.exec(part)![1]!.replace(/\)$/, ''), part);
  const exports = new Map([...text.matchAll(/\(export "([^"]+)" \(func \$([^)\s]+)\)\)/g)].map((match) => [match[1]!, match[2]!]));
  module.dispose();
  return { exports, bodies };
}

function reachable(start: string, bodies: Map<string, string>): Set<string> {
  const seen = new Set<string>();
  const queue = [start];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const body = bodies.get(name);
    if (body === undefined) throw new Error(`no body of ${name}`);
    for (const match of body.matchAll(/\((?:return_)?call \$([^\s)]+)/g)) queue.push(match[1]!);
  }
  return seen;
}

const floats = /\b(f32|f64)(x\d+)?\.|\bf(32|64)\b/;

describe.each(Object.entries(BUILDS))('core build %s', (_, file) => {
  const { exports, bodies } = callGraph(file);

  it.each(['runFixed', 'runFixedOff', 'runFixedFull', 'runFixedWide', 'runFixedSideBySide', 'lossFixed', 'lossFixedWide', 'emaOneRounding', 'emaTwoProducts', 'emaShiftOnly'])('%s reaches no floating-point instruction', (name) => {
    const functions = reachable(exports.get(name)!, bodies);
    // Everything a step needs is called from here: the quantiser, 128-bit arithmetic, controllers.
    expect(functions.size).toBeGreaterThan(name.startsWith('run') ? 10 : 4);
    const guilty = [...functions].filter((fn) => floats.test(bodies.get(fn)!) || /call_indirect|call_ref/.test(bodies.get(fn)!));
    expect(guilty).toEqual([]);
  });

  it('the reference does use them, so the search can find them', () => {
    const functions = reachable(exports.get('runFloat')!, bodies);
    expect([...functions].some((fn) => floats.test(bodies.get(fn)!))).toBe(true);
  });
});
