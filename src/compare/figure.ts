/** Numbers for people: two digits, no more than they deserve; and for JSON. */

/** `0.17`, `2.7e-12`, `1.2e+4`, `∞`, `0`. */
export function figure(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 0.001 && size < 1000) return String(Number(value.toPrecision(size >= 100 ? 3 : 2)));
  return value.toExponential(1);
}

/** `98 %`, `0.4 %`, `0 %`. */
export function percent(share: number): string {
  const value = share * 100;
  return `${value >= 10 || value === 0 ? Math.round(value) : Number(value.toPrecision(1))} %`;
}

/** A number, or null where it is not finite, as JSON has none. */
export const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
