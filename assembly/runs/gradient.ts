/** Gradients, runs side by side. The rule is that of `gradients` (network/layer.ts), which takes over row by row where a value is near a rail. */
import * as abi from '../abi';
import { at, gradients } from '../network/layer';
import { gatherOf, ofRun, own, RUNS, scatter } from './region';
import { keepRuns } from './tally';

/** Σ_b e·a of every column, as lanes at `to`; four vectors at a time, which share an error and a turn of the loop. */
@inline
function columnSums<L>(errors: usize, errorStride: usize, inputs: usize, inputStride: usize, count: i32, to: usize): void {
  const l = changetype<L>(0), end = inputs + inputStride, last = errors + <usize>count * errorStride;
  let column = inputs;
  for (; column + 64 <= end; column += 64, to += 64) {
    let s0 = l.none(), s1 = s0, s2 = s0, s3 = s0;
    for (let e = errors, a = column; e < last; e += errorStride, a += inputStride) {
      s0 = l.add(s0, l.products(e, a));
      s1 = l.add(s1, l.products(e, a + 16));
      s2 = l.add(s2, l.products(e, a + 32));
      s3 = l.add(s3, l.products(e, a + 48));
    }
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
  }
  for (; column < end; column += 16, to += 16) {
    let sum = l.none();
    for (let e = errors, a = column; e < last; e += errorStride, a += inputStride) sum = l.add(sum, l.products(e, a));
    v128.store(to, sum);
  }
}

/** g = Q(G / B) of every parameter of a layer, of a batch whose mean is no quotient. `inputs`, `fed`: as of the forward pass; `batch`: of run 0. */
export function gradientRuns<N, C, V, L>(header: usize, record: usize, inputs: usize, fed: usize, count: i32, batch: usize): void {
  const l = changetype<L>(0), n = changetype<N>(0);
  const width = load<i32>(record, abi.LAYER_INPUTS), outputs = load<i32>(record, abi.LAYER_OUTPUTS);
  const site = <usize>load<i32>(record, abi.LAYER_GRADIENT_ACCUMULATOR), mean = <usize>load<i32>(record, abi.LAYER_GRADIENT);
  const group = load<i32>(header, abi.HEADER_GRADIENT_GROUP), steps = group ? (count + group - 1) / group : 1;
  const leftProduct = load<i32>(site, abi.SITE_LEFT0), leftBias = load<i32>(site, abi.SITE_LEFT1);
  const errors = <usize>load<i32>(record, abi.LAYER_ERRORS), errorStride = <usize>outputs << 4, inputStride = <usize>width << 4;
  const p = load<i32>(record, abi.LAYER_FIRST), out = <usize>load<i32>(header, abi.HEADER_GRADIENT) + (<usize>p << 4);
  const ownOut = at<N>(<usize>load<i32>(own(header, 0), abi.HEADER_GRADIENT), p);
  const divisor = <usize>load<i32>(batch, abi.BATCH_DIVISOR);
  const none = l.none();
  const base = l.base(site), shift = load<i32>(site, abi.SITE_SHIFT), addend = l.addend(site), grid = l.grid(shift);
  const baseMean = l.base(mean), shiftMean = load<i32>(mean, abi.SITE_SHIFT);
  const sums = <usize>load<i32>(header, abi.HEADER_UPDATE); // where updates will be
  // Row by row, and the biases as one more.
  const rows = outputs + i32(load<i32>(record, abi.LAYER_HAS_BIAS) != 0), all = outputs * (width + rows - outputs);
  for (let run = 0; run < RUNS; run += l.size()) {
    const lane = <usize>run << 2, shadow = run / l.size();
    let leastSum = v128.load(ofRun(site, shadow), abi.SITE_LANE_LEAST), mostSum = v128.load(ofRun(site, shadow), abi.SITE_LANE_MOST), underSum = none;
    let leastMean = v128.load(ofRun(mean, shadow), abi.SITE_LANE_LEAST), mostMean = v128.load(ofRun(mean, shadow), abi.SITE_LANE_MOST), underMean = none;
    let counted = 0;
    for (let o = 0; o < rows; o++) {
      const bias = o == outputs, length = bias ? outputs : width, first = o * width, left = bias ? leftBias : leftProduct;
      let least = l.top(), most = l.bottom(), under = none, leastG = l.top(), mostG = l.bottom(), underG = none;
      const summed = !group && !bias;
      if (summed) columnSums<L>(errors + (<usize>o << 4) + lane, errorStride, inputs + lane, inputStride, count, sums);
      for (let k = 0; k < length; k++) {
        let s = none;
        let e = errors + (<usize>(bias ? k : o) << 4) + lane, a = inputs + (<usize>k << 4) + lane;
        for (let b = 0; b < count; ) {
          const end = group ? min(b + group, count) : count;
          let terms = none;
          if (summed) {
            terms = v128.load(sums + (<usize>k << 4));
            b = count;
          } else if (bias) for (; b < end; b++, e += errorStride) terms = l.add(terms, l.load(e));
          else for (; b < end; b++, e += errorStride, a += inputStride) terms = l.add(terms, l.products(e, a));
          terms = l.shl(terms, left);
          if (group) {
            const step = l.onGrid(s, terms, addend, grid, shift, site);
            s = l.onward(s, step, shift);
            under = l.lost(under, s, terms, step);
          } else {
            s = l.round(terms, base, shift, site);
            if (shift) under = l.underflow(under, s, terms);
          }
          least = l.min(least, s);
          most = l.max(most, s);
        }
        if (group) s = l.raw(s, shift, site);
        const x = l.mean(s, mean, divisor), g = l.round(x, baseMean, shiftMean, mean);
        leastG = l.min(leastG, g);
        mostG = l.max(mostG, g);
        underG = l.underflow(underG, g, x);
        l.store(out + (<usize>(first + k) << 4) + lane, g);
      }
      if (group) {
        least = l.raw(least, shift, site);
        most = l.raw(most, shift, site);
      }
      if (l.atEdge(least, most, site) || l.atEdge(leastG, mostG, mean)) {
        for (let k = run; k < run + l.size(); k++) {
          gradients<N, C, V>(own(header, k), own(record, k), <usize>load<i32>(ofRun(fed, k)), first, first + length, count, <usize>load<i32>(ofRun(batch, k), abi.BATCH_DIVISOR));
        }
        gatherOf(run, l.size(), at<N>(ownOut, first), length, out + (<usize>first << 4));
        continue;
      }
      counted += length;
      leastSum = l.min(leastSum, least);
      mostSum = l.max(mostSum, most);
      underSum = l.add(underSum, under);
      leastMean = l.min(leastMean, leastG);
      mostMean = l.max(mostMean, mostG);
      underMean = l.add(underMean, underG);
    }
    n.counted(ofRun(site, shadow), counted * steps);
    n.counted(ofRun(mean, shadow), counted);
    keepRuns<L>(site, run, leastSum, mostSum, underSum);
    keepRuns<L>(mean, run, leastMean, mostMean, underMean);
  }
  scatter(out, all, ownOut);
}
