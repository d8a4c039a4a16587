/** A layer's outputs, runs side by side. The rule is that of `forwardSample` (network/layer.ts), which takes over where a value is near a rail. */
import * as abi from '../abi';
import { at, forwardSample } from '../network/layer';
import { gatherOf, ofRun, own, RUNS, scatter } from './region';
import { keepRuns } from './tally';

/** `header` and `record` of the first shadow; `inputs`: what the layer is fed, side by side; `fed`: where run 0 has the address of its own. */
export function forwardRuns<N, V, L>(header: usize, record: usize, inputs: usize, fed: usize, count: i32): void {
  const l = changetype<L>(0), n = changetype<N>(0);
  const width = load<i32>(record, abi.LAYER_INPUTS), outputs = load<i32>(record, abi.LAYER_OUTPUTS);
  const relu = load<i32>(record, abi.LAYER_RELU);
  const weights = <usize>load<i32>(header, abi.HEADER_THETA) + (<usize>load<i32>(record, abi.LAYER_FIRST) << 4);
  const biases = load<i32>(record, abi.LAYER_HAS_BIAS) ? weights + (<usize>(width * outputs) << 4) : 0;
  const results = <usize>load<i32>(record, abi.LAYER_ACTIVATIONS), ownResults = <usize>load<i32>(own(record, 0), abi.LAYER_ACTIVATIONS);
  const group = load<i32>(header, abi.HEADER_ACCUMULATOR_GROUP);
  const site = <usize>load<i32>(record, abi.LAYER_ACCUMULATOR), activation = <usize>load<i32>(record, abi.LAYER_ACTIVATION);
  const left = load<i32>(site, abi.SITE_LEFT0), leftBias = load<i32>(site, abi.SITE_LEFT1), leftSum = load<i32>(activation, abi.SITE_LEFT0);
  // Quantisations of a running sum: after every group of products, and of the bias.
  const steps = group ? (width + group - 1) / group + i32(biases != 0) : 1;
  const none = l.none();
  const base = l.base(site), shift = load<i32>(site, abi.SITE_SHIFT), addend = l.addend(site), grid = l.grid(shift);
  const baseOut = l.base(activation), shiftOut = load<i32>(activation, abi.SITE_SHIFT);
  for (let run = 0; run < RUNS; run += l.size()) {
    const lane = <usize>run << 2, shadow = run / l.size();
    let leastSum = v128.load(ofRun(site, shadow), abi.SITE_LANE_LEAST), mostSum = v128.load(ofRun(site, shadow), abi.SITE_LANE_MOST), underSum = none;
    let leastOut = v128.load(ofRun(activation, shadow), abi.SITE_LANE_LEAST), mostOut = v128.load(ofRun(activation, shadow), abi.SITE_LANE_MOST), underOut = none;
    let samples = 0;
    for (let b = 0; b < count; b++) {
      const row = inputs + (<usize>(b * width) << 4) + lane, out = results + (<usize>(b * outputs) << 4);
      let least = l.top(), most = l.bottom(), under = none, leastZ = l.top(), mostZ = l.bottom(), underZ = none;
      for (let o = 0, w = weights + lane; o < outputs; o++) {
        let s = none;
        if (group == 1) {
          // The usual case: without a loop of its own a step takes a tenth longer.
          for (let a = row, end = row + (<usize>width << 4); a < end; a += 16, w += 16) {
            const terms = l.shl(l.products(w, a), left), step = l.onGrid(s, terms, addend, grid, shift, site);
            s = l.onward(s, step, shift);
            least = l.min(least, s);
            most = l.max(most, s);
            under = l.lost(under, s, terms, step);
          }
        } else {
          for (let i = 0, a = row; i < width; ) {
            const end = group ? min(i + group, width) : width;
            let terms = none;
            for (; i < end; i++, w += 16, a += 16) terms = l.add(terms, l.products(w, a));
            terms = l.shl(terms, left);
            if (group) {
              const step = l.onGrid(s, terms, addend, grid, shift, site);
              s = l.onward(s, step, shift);
              least = l.min(least, s);
              most = l.max(most, s);
              under = l.lost(under, s, terms, step);
            } else s = terms;
          }
        }
        if (biases) {
          const terms = l.shl(l.load(biases + (<usize>o << 4) + lane), leftBias);
          if (group) {
            const step = l.onGrid(s, terms, addend, grid, shift, site);
            s = l.onward(s, step, shift);
            least = l.min(least, s);
            most = l.max(most, s);
            under = l.lost(under, s, terms, step);
          } else s = l.add(s, terms);
        }
        if (group) s = l.raw(s, shift, site);
        else {
          const x = s;
          s = l.round(x, base, shift, site);
          least = l.min(least, s);
          most = l.max(most, s);
          if (shift) under = l.underflow(under, s, x);
        }
        const x = l.shl(s, leftSum), z = l.round(x, baseOut, shiftOut, activation);
        leastZ = l.min(leastZ, z);
        mostZ = l.max(mostZ, z);
        underZ = l.underflow(underZ, z, x);
        l.store(out + (<usize>o << 4) + lane, relu ? l.max(z, none) : z);
      }
      if (group) {
        least = l.raw(least, shift, site);
        most = l.raw(most, shift, site);
      }
      if (l.atEdge(least, most, site) || l.atEdge(leastZ, mostZ, activation)) {
        for (let k = run; k < run + l.size(); k++) forwardSample<N, V>(own(header, k), own(record, k), at<N>(<usize>load<i32>(ofRun(fed, k)), b * width), b);
        gatherOf(run, l.size(), at<N>(ownResults, b * outputs), outputs, out);
        continue;
      }
      samples++;
      leastSum = l.min(leastSum, least);
      mostSum = l.max(mostSum, most);
      underSum = l.add(underSum, under);
      leastOut = l.min(leastOut, leastZ);
      mostOut = l.max(mostOut, mostZ);
      underOut = l.add(underOut, underZ);
    }
    n.counted(ofRun(site, shadow), samples * outputs * steps);
    n.counted(ofRun(activation, shadow), samples * outputs);
    keepRuns<L>(site, run, leastSum, mostSum, underSum);
    keepRuns<L>(activation, run, leastOut, mostOut, underOut);
  }
  scatter(results, count * outputs, ownResults);
}
