/** What is predicted and measured of a moving mean, each listed once: reports, schema, docs and the command line read it here. */
export const EMA_QUANTITIES = {
  timeConstant: { about: 'time constant', unit: 'steps', law: '1/ρ' },
  halfLife: { about: 'half of a step', unit: 'steps', law: 'ln 2 / −ln β' },
  settling95: { about: '95 % of a step', unit: 'steps', law: 'ln 20 / −ln β, about 3/ρ' },
  cutoff: { about: '−3 dB frequency', unit: 'cycles a step', law: 'arccos(1 − ρ²/2β) / 2π, about −ln β / 2π' },
  cutoffGain: { about: 'gain there', unit: 'dB', law: '−10·log₁₀ 2' },
  nyquistGain: { about: 'gain at Nyquist', unit: 'dB', law: '20·log₁₀ (ρ / (1 + β))' },
  varianceRatio: { about: 'variance of white noise', unit: 'of its own', law: 'ρ / (1 + β)' },
  deadBandRising: { about: 'dead band, rising', unit: 'last places', law: 'x − smallest fixed point' },
  deadBandFalling: { about: 'dead band, falling', unit: 'last places', law: 'largest fixed point − x' },
  moveRising: { about: 'smallest move up', unit: 'last places', law: 'ρ·(dead band + 1)' },
  moveFalling: { about: 'smallest move down', unit: 'last places', law: 'ρ·(dead band + 1)' },
  bias: { about: 'bias on noise', unit: 'last places', law: 'mean errors of the roundings / ρ' },
} as const;

export type EmaQuantity = keyof typeof EMA_QUANTITIES;
export const EMA_QUANTITY_NAMES = Object.keys(EMA_QUANTITIES) as EmaQuantity[];
