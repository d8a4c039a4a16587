/** What a moving mean y ← β·y + ρ·x does in exact arithmetic, ρ = 1 − β. Sources: docs/ema.md. */
export interface EmaResponse {
  /** 1/ρ steps: the sum of what is missing after 0, 1, 2 … steps of a unit step, Σβⁿ. */
  readonly timeConstant: number;
  /** ln 2 / −ln β steps. */
  readonly halfLife: number;
  /** ln 20 / −ln β steps. */
  readonly settling95: number;
  /** 3/ρ steps: the rule of thumb for the same; 1 − e⁻³ = 95.02 %. */
  readonly settlingRule: number;
  /** −3 dB: arccos(1 − ρ²/(2β)) / 2π cycles a step; null below β = 3 − √8, where no frequency is damped as much. */
  readonly cutoff: number | null;
  /** −ln β / 2π cycles a step: the same for the pole as an analogue one, close while ρ is small. */
  readonly cutoffRule: number;
  /** ρ/(1 + β): the largest attenuation, of +1, −1, +1 …. */
  readonly nyquistGain: number;
  /** ρ/(1 + β): variance of the mean of white noise, in that of the noise. The same number as the Nyquist gain. */
  readonly varianceRatio: number;
}

/**
 * The laws, for 0 < ρ < 1.
 *
 * @example emaResponse(0.01).halfLife // 68.97 steps
 */
export function emaResponse(rho: number): EmaResponse {
  const beta = 1 - rho;
  const decay = -Math.log1p(-rho);
  const cosine = 1 - (rho * rho) / (2 * beta);
  return {
    timeConstant: 1 / rho,
    halfLife: Math.LN2 / decay,
    settling95: Math.log(20) / decay,
    settlingRule: 3 / rho,
    // arccos(1 − c) = 2·arcsin(√(c/2)), which keeps its digits where c is small.
    cutoff: cosine < -1 ? null : (2 * Math.asin(rho / (2 * Math.sqrt(beta)))) / (2 * Math.PI),
    cutoffRule: decay / (2 * Math.PI),
    nyquistGain: rho / (1 + beta),
    varianceRatio: rho / (1 + beta),
  };
}

/**
 * Standard deviation of the mean of an AR(1) input x ← φ·x + noise, in that of the input: √(ρ/(1 + β) · (1 + βφ)/(1 − βφ)), −1 < φ < 1.
 * φ = 0 is white noise.
 */
export function emaDeviationRatio(rho: number, phi: number): number {
  const beta = 1 - rho;
  return Math.sqrt((rho / (1 + beta)) * ((1 + beta * phi) / (1 - beta * phi)));
}
