/** What margins are told of, once: schema, table and command line are made from these lists. */

/** What may be looked for. */
export const MARGIN_KINDS = ['gain', 'rate', 'offset', 'noise', 'words', 'drift'] as const;
export type MarginKind = (typeof MARGIN_KINDS)[number];

/** Quantities on a line of numbers, each towards one end of survival. */
export const QUANTITIES = {
  gain: { kind: 'gain', sense: 'largest', label: 'sensor gain, times' },
  leastGain: { kind: 'gain', sense: 'smallest', label: 'sensor gain, times' },
  rate: { kind: 'rate', sense: 'largest', label: 'learning rate η' },
  leastRate: { kind: 'rate', sense: 'smallest', label: 'learning rate η' },
  offset: { kind: 'offset', sense: 'largest', label: 'sensor offset' },
  leastOffset: { kind: 'offset', sense: 'smallest', label: 'sensor offset' },
  noise: { kind: 'noise', sense: 'largest', label: 'noise, σ' },
} as const satisfies Record<string, { readonly kind: MarginKind; readonly sense: 'largest' | 'smallest'; readonly label: string }>;
export type QuantityName = keyof typeof QUANTITIES;
export const QUANTITY_NAMES = Object.keys(QUANTITIES) as QuantityName[];

/** What of a word bits are taken from. */
export const PARTS = { fraction: 'taken from the fraction, the whole part stays', whole: 'taken from the whole part, the fraction stays' } as const;
export type Part = keyof typeof PARTS;
export const PART_NAMES = Object.keys(PARTS) as Part[];
