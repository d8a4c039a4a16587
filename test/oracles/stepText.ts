/** A plan and its deliveries as the words that test/oracles/native/step.cpp reads, and the states it prints. */
import type { Constant, Plan } from '../../src/schema/plan.js';
import { fromBinary64 } from '../oracle/exact.js';
import type { Delivered } from '../oracle/state.js';

export function planText(plan: Plan, deliveries: readonly Delivered[]): string {
  const { layers, sites, initial, phases, throttle, anchor } = plan;
  const flag = (on: boolean | undefined): number => (on === true ? 1 : 0);
  const raw = (constant: Constant | undefined): string => constant?.raw ?? '0';
  const exact = (value: number): string => {
    const { n, f } = fromBinary64(value);
    return `${n} ${f}`;
  };
  const rows = ({ count, inputs, targets }: Delivered): string[] =>
    Array.from({ length: count }, (_, b) => {
      const row = (all: Float64Array): number[] => [...all.subarray((all.length / count) * b, (all.length / count) * (b + 1))];
      return [...row(inputs), ...row(targets)].map(exact).join(' ');
    });
  return [
    'plan',
    layers.length,
    ...layers.map(({ inputs, outputs, activation, bias }) => `${inputs} ${outputs} ${flag(activation === 'relu')} ${flag(bias)}`),
    Object.keys(sites).length,
    ...Object.entries(sites).map(([key, { signed, wordLength, fractionLength, rounding, overflow, saturatedBits = 0, rails }]) =>
      `${key} ${signed ? 's' : 'u'} ${wordLength} ${fractionLength} ${rounding} ${overflow} ${saturatedBits} ${rails.join(' ')}`,
    ),
    ...initial.map(({ weightsRaw, biasRaw }) => [...weightsRaw.flat(), ...biasRaw].join(' ')),
    phases.length,
    ...phases.map((phase) => `${phase.steps} ${phase.learningRate.raw} ${flag(phase.throttle)} ${flag(phase.anchor)}`),
    `${plan.accumulate.accumulator} ${plan.accumulate.gradientAccumulator} ${plan.accumulate.order} ${plan.batchDivision} ${plan.divide.method} ${plan.divide.bits ?? 0}`,
    `${throttle.law} ${throttle.estimator ?? '-'} ${flag(throttle.keepState)} ${flag(throttle.holdCurvature)}`,
    [throttle.chi, throttle.rho, throttle.floor, throttle.firstAlpha].map(raw).join(' '),
    `${anchor.law} ${raw(anchor.lambda)} ${raw(anchor.ratio)} ${anchor.calibration ?? 0} ${anchor.window ?? 0} ${anchor.consecutive ?? 0} ${anchor.hold ?? 0}`,
    deliveries.length,
    ...deliveries.flatMap((delivery) => [delivery.count, ...rows(delivery)]),
    '',
  ].join('\n');
}

/** Counters of docs/numerics.md §2, as text. */
export interface SiteCounters {
  readonly count: string;
  readonly overflowHigh: string;
  readonly overflowLow: string;
  readonly underflow: string;
  readonly nearRail: string;
  readonly min: string;
  readonly max: string;
  /** step,element,wanted,raw */
  readonly firstOverflow: string;
}

/** Everything after one step, as text. */
export interface PrintedStep {
  readonly loss: string;
  readonly alpha: string;
  readonly rate: string;
  readonly curvature: string;
  readonly curvatureMean: string;
  readonly events: string;
  readonly infeasible: boolean;
  readonly stalled: boolean;
  readonly zeroUpdate: boolean;
  readonly pulling: boolean;
  readonly weights: string[];
  readonly gradients: string[];
  readonly updates: string[];
  readonly sites: Record<string, SiteCounters>;
}

export interface PrintedRun {
  readonly steps: PrintedStep[];
  readonly finalLoss: string;
}

/** Reads what the program printed: one run a plan. */
export function parseRuns(printed: string): PrintedRun[] {
  const runs: PrintedRun[] = [];
  let steps: PrintedStep[] = [];
  for (const line of printed.split('\n')) {
    const [kind, ...words] = line.split(' ') as [string, ...string[]];
    if (kind === 'step') {
      const [, loss, alpha, rate, curvature, curvatureMean, events, ...flags] = words as [string, string, string, string, string, string, string, ...string[]];
      const [infeasible, stalled, zeroUpdate, pulling] = flags.map((on) => on === '1') as [boolean, boolean, boolean, boolean];
      steps.push({ loss, alpha, rate, curvature, curvatureMean, events, infeasible, stalled, zeroUpdate, pulling, weights: [], gradients: [], updates: [], sites: {} });
    } else if (kind === 'weights' || kind === 'gradients' || kind === 'updates') {
      // a layer begins with a bar
      steps.at(-1)![kind].push(...words.join(' ').split('| ').slice(1).map((layer) => layer.trim()));
    } else if (kind === 'site') {
      const [key, count, overflowHigh, overflowLow, underflow, nearRail, min, max, firstOverflow] = words as [string, ...string[]] & Record<number, string>;
      steps.at(-1)!.sites[key] = {
        count: count!, overflowHigh: overflowHigh!, overflowLow: overflowLow!, underflow: underflow!, nearRail: nearRail!, min: min!, max: max!, firstOverflow: firstOverflow!,
      };
    } else if (kind === 'final') {
      runs.push({ steps, finalLoss: words[0]! });
      steps = [];
    }
  }
  return runs;
}
