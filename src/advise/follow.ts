/** Formats near a proposal, better and cheaper, for the front: each time the bit that gains most, or loses least. */
import type { Design, Width } from './design.js';
import { median, type Evaluate, type Lab, type Outcome } from './evaluate.js';

interface Follow {
  readonly lab: Lab;
  readonly words: readonly number[] | undefined;
  readonly fit: (wanted: Design) => Design | undefined;
  readonly price: (design: Design) => Promise<number>;
  readonly onDesign: (design: Design, outcome: Outcome) => void;
  readonly onShare: (share: number) => void;
}

/** Bits the front is followed beyond the proposal, and below it. */
const UP = 16;
const DOWN = 8;

export async function follow(from: Design, { lab, words, fit, price, onDesign, onShare }: Follow): Promise<void> {
  let followed = 0;
  for (const [bits, direction] of [[UP, 1], [DOWN, -1]] as const) {
    let at = from;
    for (let k = 0; k < bits; k++) {
      const designs = Object.keys(at).flatMap((key): Design[] => {
        const width = withNextWord(at[key]!, words, direction);
        const design = width && fit({ ...at, [key]: width });
        return design ? [design] : [];
      });
      lab.ahead(designs.map((design) => (evaluate: Evaluate) => evaluate(design, true)));
      let best: { design: Design; score: number } | undefined;
      for (const design of designs) {
        const outcome = await lab.evaluate(design, true);
        onDesign(design, outcome);
        if (!outcome.complete) continue;
        const score = Math.log(Math.max(median(outcome.losses), Number.MIN_VALUE)) + 1e-9 * (await price(design));
        if (!best || score < best.score) best = { design, score };
      }
      onShare(++followed / (UP + DOWN));
      if (!best) break;
      at = best.design;
    }
  }
}

/** A design with one fraction bit less at a site, or in the next shorter word there. Undefined where there is none, or a guard asks for the bit again. */
export function shorterAt(key: string, design: Design, { words, fit }: Pick<Follow, 'words' | 'fit'>): Design | undefined {
  const width = withNextWord(design[key]!, words, -1);
  const less = width && fit({ ...design, [key]: width });
  return less && less[key]!.whole + less[key]!.fraction < design[key]!.whole + design[key]!.fraction ? less : undefined;
}

/** A format with one fraction bit more or less, or in the next word. Undefined where there is none. */
function withNextWord(width: Width, words: readonly number[] | undefined, direction: 1 | -1): Width | undefined {
  const { whole } = width;
  const word = whole + width.fraction;
  const next = words === undefined ? word + direction : direction > 0 ? words.find((offered) => offered > word) : words.findLast((offered) => offered < word);
  return next === undefined || next < 2 ? undefined : { ...width, fraction: next - whole };
}
