/**
 * Biased and unbiased rounding of the Blackfin profiles on published values: Analog Devices, ADSP-BF53x/BF56x Blackfin Processor Programming
 * Reference, chapter 2, "Unbiased Rounding" and "Biased Rounding" (figures 2-7 and 2-8, table 2-7), and the processor's own instruction tests as
 * they are published with the GNU simulator (binutils sim/testsuite/bfin: m5.s, c_dsp32mac_dr_a0.s). Needs no tool.
 */
import { describe, expect, it } from 'vitest';
import { loadCore } from '../../src/core/load.js';
import { quantise } from '../../src/format/quantise.js';
import type { Profile } from '../../src/schema/profile.js';
import { altered, formatsOf, learn, shipped } from './target.js';

const PROFILES = { unbiased: 'blackfin-q15', biased: 'blackfin-q15-biased' } as const;
type Rounding = keyof typeof PROFILES;
const ROUNDINGS = Object.keys(PROFILES) as Rounding[];

/** Registers of 40 bits and the half register that is extracted: bits 31 … 16 of the rounded result in table 2-7. */
const CORNERS: readonly { readonly a0: bigint; readonly unbiased: bigint; readonly biased: bigint }[] = [
  // Table 2-7: 0x8000 is where they differ.
  { a0: 0x00_0000_8000n, unbiased: 0x0000n, biased: 0x0001n },
  { a0: 0x00_0001_8000n, unbiased: 0x0002n, biased: 0x0002n },
  { a0: 0x00_0000_8001n, unbiased: 0x0001n, biased: 0x0001n },
  { a0: 0x00_0001_8001n, unbiased: 0x0002n, biased: 0x0002n },
  { a0: 0x00_0000_7fffn, unbiased: 0x0000n, biased: 0x0000n },
  { a0: 0x00_0001_7fffn, unbiased: 0x0001n, biased: 0x0001n },
  // Figure 2-7: bits 23 … 16 are 00100101 with more than a half below them, whatever it is.
  ...[0x8001n, 0xc000n, 0xffffn].map((x) => ({ a0: 0x00_0025_0000n | x, unbiased: 0x0026n, biased: 0x0026n })),
  // Figure 2-8: 01100110 with a half: bit 16 is forced to zero; biased rounding keeps the one it added.
  { a0: 0x00_0066_8000n, unbiased: 0x0066n, biased: 0x0067n },
  // m5.s: extraction saturates to 1.15.
  { a0: 0x00_7ffe_0002n, unbiased: 0x7ffen, biased: 0x7ffen },
  { a0: 0x7f_f000_0000n, unbiased: 0x7fffn, biased: 0x7fffn },
  { a0: 0x80_f000_0000n, unbiased: 0x8000n, biased: 0x8000n },
];

/** Signed products that are added one after another, with the accumulator's low 32 bits and the half register after the last. No tie: both round alike. */
const MACS: readonly { readonly products: readonly (readonly [number, number])[]; readonly w: bigint; readonly half: bigint }[] = [
  { products: [[0x7fff, 0x7fff]], w: 0x7ffe_0002n, half: 0x7ffen },
  { products: [[0x0100, 0x0100]], w: 0x0002_0000n, half: 0x0002n },
  { products: [[0xfec7, 0x5abd]], w: 0xff22_1dd6n, half: 0xff22n },
  { products: [[0xa1b4, 0x0007]], w: 0xfffa_d7d8n, half: 0xfffbn },
  { products: [[0xa1b4, 0x0007], [0xefbc, 0x1235]], w: 0xfdaa_8bb0n, half: 0xfdabn },
  { products: [[0x00bd, 0x678e]], w: 0x0098_e7acn, half: 0x0099n },
  { products: [[0x00dd, 0x678e]], w: 0x00b2_cb2cn, half: 0x00b3n },
  { products: [[0xfec7, 0x5abd], [0xa1e4, 0x0007]], w: 0xff1c_f84en, half: 0xff1dn },
  { products: [[0xefbc, 0x1235]], w: 0xfdaf_b3d8n, half: 0xfdb0n },
];

const half = (raw: number): number => (raw << 16) >> 16;
const hex = (value: bigint, bits: number): string => `0x${BigInt.asUintN(bits, value).toString(16)}`;

/** What the profile makes of the corner values, where it is not what was published. */
function wrongCorners(profile: Profile, rounding: Rounding): string[] {
  const { 'layer0.accumulator': accumulator, 'layer0.activation': activation } = formatsOf(profile);
  return CORNERS.flatMap(({ a0, ...published }) => {
    const exact = { numerator: BigInt.asIntN(accumulator!.wordLength, a0), denominator: 1n << BigInt(accumulator!.fractionLength) };
    const [out, expected] = [quantise(exact, activation!).raw, published[rounding]].map((raw) => hex(raw, 16));
    return out === expected ? [] : [`A0 ${hex(a0, 40)} ${rounding}: profile ${out}, published ${expected}`];
  });
}

/** The same corner values as sums of products in the core; a fraction times a fraction has bit 0 clear, so only those. */
async function wrongSums(profile: Profile, rounding: Rounding): Promise<string[]> {
  const core = await loadCore();
  return CORNERS.filter(({ a0 }) => a0 % 2n === 0n && a0 >> 32n === 0n).flatMap(({ a0, ...published }) => {
    const whole = Number(a0 / 2n);
    const most = 0x7fff;
    const products = [[most, Math.floor(whole / most)], [1, whole % most]] as const;
    const step = learn(core, profile, { weights: [products.map(([w]) => w)], inputs: [products.map(([, x]) => x)], targets: [[0]], rate: 1 });
    const [seen, out] = [hex(step.accumulators[0]!, 40), hex(step.activations[0]!, 16)];
    const expected = hex(published[rounding], 16);
    return seen === hex(a0, 40) && out === expected ? [] : [`A0 ${hex(a0, 40)} ${rounding}: core ${seen} to ${out}, published ${expected}`];
  });
}

describe('Blackfin profiles and what Analog Devices published', () => {
  it.each(ROUNDINGS)('%s: corner values of the accumulator', async (rounding) => {
    const profile = await shipped(PROFILES[rounding]);
    expect(formatsOf(profile)['layer0.accumulator']).toMatchObject({ signed: true, wordLength: 40, fractionLength: 31 }); // 9.31, which the registers above are
    expect(wrongCorners(profile, rounding)).toEqual([]);
    expect(await wrongSums(profile, rounding)).toEqual([]);
  });

  it.each(ROUNDINGS)('%s: multiply-accumulate instructions', async (rounding) => {
    const core = await loadCore();
    const profile = await shipped(PROFILES[rounding]);
    for (const { products, w, half: published } of MACS) {
      const { accumulators, activations } = learn(core, profile, {
        weights: [products.map(([a]) => half(a))], inputs: [products.map(([, b]) => half(b))], targets: [[0]], rate: 1,
      });
      expect([hex(accumulators[0]!, 32), hex(activations[0]!, 16)], products.join(' + ')).toEqual([hex(w, 32), hex(published, 16)]);
    }
  });

  it('sees the other rounding mode', async () => {
    const profile = await shipped(PROFILES.unbiased);
    expect(wrongCorners(profile, 'biased').length).toBe(2);
    expect(wrongCorners(altered(profile, 'activation', { rounding: 'RND' }), 'biased')).toEqual([]);
    expect(wrongCorners(altered(profile, 'activation', { rounding: 'TRN' }), 'unbiased').length).toBeGreaterThan(0);
    expect((await wrongSums(profile, 'biased')).length).toBe(2);
  });
});
