/** Loads a build of the core. The only file that knows `@assemblyscript/loader`. */
import { instantiate } from '@assemblyscript/loader';
import { coreBytes } from './bytes.js';

/** The core's exports (assembly/index.ts). Addresses are byte offsets into `memory`. */
export interface CoreExports {
  readonly memory: WebAssembly.Memory;
  readonly heapBase: (this: void) => number;
  readonly runFixed: (this: void, header: number, state: number, steps: number) => number;
  readonly runFixedWide: (this: void, header: number, state: number, steps: number) => number;
  readonly runFixedOff: (this: void, header: number, state: number, steps: number) => number;
  readonly runFixedFull: (this: void, header: number, state: number, steps: number) => number;
  /** Four runs, the memory of each `stride` bytes behind that of the one before (src/core/group.ts). */
  readonly runFixedSideBySide: (this: void, header: number, state: number, stride: number, steps: number) => number;
  readonly runFloat: (this: void, header: number, state: number, steps: number) => number;
  /** binary64 with the quantisers of chosen sites. */
  readonly runMixed: (this: void, header: number, state: number, steps: number) => number;
  readonly lossFixed: (this: void, header: number) => void;
  readonly lossFixedWide: (this: void, header: number) => void;
  readonly lossFloat: (this: void, header: number) => void;
  readonly lossMixed: (this: void, header: number) => void;
  // Primitives: docs/primitives.md. Words are i64 and cross as bigint, unsigned ones too.
  readonly wideMultiply: (this: void, a: bigint, b: bigint, out: number) => void;
  readonly wideMultiplyUnsigned: (this: void, a: bigint, b: bigint, out: number) => void;
  readonly wideAccumulate: (this: void, out: number, a: bigint, b: bigint, shift: number) => void;
  readonly wideDivide: (this: void, nLow: bigint, nHigh: bigint, dLow: bigint, dHigh: bigint, out: number) => void;
  readonly wideSquareRoot: (this: void, low: bigint, high: bigint) => bigint;
  readonly compareProducts: (this: void, a: bigint, b: bigint, n: number, c: bigint, d: bigint, m: number) => number;
  readonly quantiseAt: (this: void, low: bigint, high: bigint, site: number, element: number, index: number) => bigint;
  readonly quotientAt: (this: void, low: bigint, high: bigint, d1: bigint, d2: bigint, left: number, site: number, element: number) => bigint;
  readonly randomBits: (this: void, seed: bigint, step: bigint, site: number, element: number, index: number, out: number) => void;
  // Moving means over arrays of words: docs/ema.md.
  readonly emaOneRounding: (this: void, values: number, means: number, count: number, s: bigint, rho: bigint, mean: number, seed: bigint, first: bigint) => number;
  readonly emaTwoProducts: (this: void, values: number, means: number, count: number, s: bigint, rho: bigint, beta: bigint, mean: number, part: number, seed: bigint, first: bigint) => number;
  readonly emaShiftOnly: (this: void, values: number, means: number, count: number, s: bigint, mean: number, part: number, seed: bigint, first: bigint) => number;
  readonly emaFloat: (this: void, values: number, means: number, count: number, s: number, rho: number) => void;
  readonly simd: (this: void) => number;
}

export const BUILDS = { debug: 'core.debug.wasm', scalar: 'core.wasm', simd: 'core.simd.wasm' } as const;
export type Build = keyof typeof BUILDS;

/** (func (result v128) i32.const 0 i8x16.splat …): valid only where SIMD is known. */
const SIMD_PROBE = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11]);

/** The fastest build this engine runs. */
export const bestBuild = (): Build => (WebAssembly.validate(SIMD_PROBE) ? 'simd' : 'scalar');

const compiled = new Map<Build, Promise<WebAssembly.Module>>();

/** A build, compiled once in a thread. A module may be handed to other threads, which then need not compile it again. */
export function compileCore(build: Build = bestBuild()): Promise<WebAssembly.Module> {
  let module = compiled.get(build);
  if (!module) {
    module = coreBytes(BUILDS[build]).then((bytes) => WebAssembly.compile(bytes));
    compiled.set(build, module);
  }
  return module;
}

/** A fresh instance of a build; `module` is the same, compiled elsewhere. */
export async function loadCore(build: Build = bestBuild(), module?: WebAssembly.Module): Promise<CoreExports> {
  const { exports } = await instantiate(module ?? (await compileCore(build)), {});
  return exports as unknown as CoreExports;
}
