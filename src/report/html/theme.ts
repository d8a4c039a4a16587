/** Colours of the page: every text has at least 4.5 : 1 against what it stands on, every line and shape 3 : 1. */
import { VERDICTS, type VerdictName } from '../../compare/thresholds.js';

export interface Theme {
  readonly page: string;
  /** Tables, code, bars. */
  readonly panel: string;
  readonly text: string;
  readonly faint: string;
  readonly rule: string;
  readonly link: string;
  readonly float: string;
  readonly fixed: string;
  /** Limits, overflows. */
  readonly alarm: string;
  readonly mark: string;
  readonly bar: string;
  readonly verdicts: Record<VerdictName, string>;
}

export const LIGHT: Theme = {
  page: '#ffffff', panel: '#f3f5f8', text: '#1b1f24', faint: '#505a66', rule: '#c9d0d9', link: '#0b57b0', float: '#1f62c4', fixed: '#b34a00', alarm: '#b3261e', mark: '#6a3fb0', bar: '#3d6f97',
  verdicts: { survives: '#17692f', degraded: '#7d5700', 'dead zone': '#4d5a6b', 'limit cycle': '#a03c0c', diverged: '#ad1f1f' },
};

export const DARK: Theme = {
  page: '#14171c', panel: '#1f242c', text: '#e7ebf0', faint: '#a9b3bf', rule: '#3b434e', link: '#8ab8ff', float: '#7db2ff', fixed: '#ffa95e', alarm: '#ff8a80', mark: '#c3a5ff', bar: '#8fb8d8',
  verdicts: { survives: '#6fd18c', degraded: '#e8c15a', 'dead zone': '#b4c0cf', 'limit cycle': '#ffa36f', diverged: '#ff8d87' },
};

/** A theme as declarations of custom properties. */
export function declarations({ verdicts, ...colours }: Theme): string {
  return [
    ...Object.entries(colours).map(([name, value]) => `--${name}:${value}`),
    ...VERDICTS.map((verdict) => `--${verdict.replace(' ', '-')}:${verdicts[verdict]}`),
  ].join(';');
}
