/** A layer's outputs, samples side by side. The rule is that of `forwardSample` (network/layer.ts), which takes over where a value is near a rail. */
import * as abi from '../abi';
import { at, forwardSample } from '../network/layer';
import { commit, logEnd } from './planes';
import { aside, asideSum, logged, roundingErrors } from './record';
import { hasLowest, narrow, narrowBytes } from './short';
import { keep } from './tally';

/** Outputs of the samples of all whole groups; how many samples that are. N: the number system of single values; L: the kind of lanes. */
export function forwardLanes<N, V, L>(header: usize, record: usize, inputs: usize, count: i32): i32 {
  const l = changetype<L>(0), n = changetype<N>(0);
  const whole = count & -l.size();
  if (whole == 0) return 0;
  const width = load<i32>(record, abi.LAYER_INPUTS), outputs = load<i32>(record, abi.LAYER_OUTPUTS);
  const relu = load<i32>(record, abi.LAYER_RELU);
  const weights = at<N>(<usize>load<i32>(header, abi.HEADER_THETA), load<i32>(record, abi.LAYER_FIRST));
  const bias = load<i32>(record, abi.LAYER_HAS_BIAS) ? at<N>(weights, width * outputs) : 0;
  const activations = <usize>load<i32>(record, abi.LAYER_ACTIVATIONS);
  const columns = <usize>load<i32>(header, abi.HEADER_LANE_SCRATCH), results = columns + (<usize>width << 4);
  const group = l.group(load<i32>(header, abi.HEADER_ACCUMULATOR_GROUP));
  const site = <usize>load<i32>(record, abi.LAYER_ACCUMULATOR), activation = <usize>load<i32>(record, abi.LAYER_ACTIVATION);
  const left = load<i32>(site, abi.SITE_LEFT0), leftBias = load<i32>(site, abi.SITE_LEFT1);
  const leftSum = load<i32>(activation, abi.SITE_LEFT0);
  // Quantisations of a running sum: after every group of products, and of the bias.
  const steps = group ? (width + group - 1) / group + i32(bias != 0) : 1;
  const last = width - 1;
  const narrowed = <usize>load<i32>(header, abi.HEADER_LANE_PAIRS), narrowStride = narrowBytes(width);
  let pairs = !isFloat<V>() && load<i32>(record, abi.LAYER_SHORT_FORWARD) != 0;
  if (pairs) {
    for (let o = 0; o < outputs; o++) narrow(at<N>(weights, o * width), width, narrowed + <usize>o * narrowStride);
    if (hasLowest(narrowed, <usize>outputs * narrowStride)) pairs = false;
  }
  const none = l.none();
  const base = l.base(site), shift = load<i32>(site, abi.SITE_SHIFT);
  const addend = l.addend(site), grid = l.grid(shift);
  const baseOut = l.base(activation), shiftOut = load<i32>(activation, abi.SITE_SHIFT);
  let leastSum = v128.load(site, abi.SITE_LANE_LEAST), mostSum = v128.load(site, abi.SITE_LANE_MOST), underSum = none, errorsSum = none;
  let leastOut = v128.load(activation, abi.SITE_LANE_LEAST), mostOut = v128.load(activation, abi.SITE_LANE_MOST), underOut = none, errorsOut = none;
  let log = logged(site), logOut = logged(activation);
  const logFull = logEnd<L>(site), logOutFull = logEnd<L>(activation);
  let samples = 0;
  for (let b = 0; b < whole; b += l.size()) {
    const rows = at<N>(inputs, b * width);
    if (pairs) l.sidePairs(rows, width, columns);
    else if (group || l.byColumns()) l.transpose(rows, width, columns);
    let least = l.top(), most = l.bottom(), under = none, leastZ = l.top(), mostZ = l.bottom(), underZ = none;
    let to = log, toZ = logOut, raws = none, exact = none, rawsZ = none, exactZ = none;
    for (let o = 0; o < outputs; o++) {
      const row = at<N>(weights, o * width);
      let s = none;
      if (group == 0) {
        let x = l.shl(pairs ? l.pairDots(narrowed + <usize>o * narrowStride, columns, width) : l.dots(row, rows, columns, width), left);
        if (bias) x = l.add(x, l.shl(l.each(at<N>(bias, o)), leftBias));
        s = l.round(x, base, shift, site);
        least = l.min(least, s);
        most = l.max(most, s);
        if (shift) under = l.underflow(under, s, x);
        if (n.records()) {
          to = aside<L>(to, s);
          exact = l.add(exact, x);
        }
      } else {
        let terms = none;
        // Groups of one, the usual case, have a loop of their own: without it exp-000 and map take a tenth longer.
        if (group == 1) {
          for (let i = 0, w = row, a = columns; i < width; i++, w += at<N>(0, 1), a += 16) {
            terms = l.shl(l.product(w, a), left);
            const step = l.onGrid(s, terms, addend, grid, shift, site);
            s = l.onward(s, step, shift);
            least = l.min(least, s);
            most = l.max(most, s);
            under = l.lost(under, s, terms, step);
            if (n.records()) {
              to = asideSum<L>(to, s, shift);
              exact = l.add(exact, terms);
            }
          }
        } else {
          let products = none;
          let remaining = group;
          for (let i = 0; i < width; i++) {
            products = l.add(products, l.product(at<N>(row, i), columns + (<usize>i << 4)));
            if (--remaining != 0 && i != last) continue;
            terms = l.shl(products, left);
            const step = l.onGrid(s, terms, addend, grid, shift, site);
            s = l.onward(s, step, shift);
            least = l.min(least, s);
            most = l.max(most, s);
            under = l.lost(under, s, terms, step);
            if (n.records()) {
              to = asideSum<L>(to, s, shift);
              exact = l.add(exact, terms);
            }
            products = none;
            remaining = group;
          }
        }
        if (bias) {
          terms = l.shl(l.each(at<N>(bias, o)), leftBias);
          const step = l.onGrid(s, terms, addend, grid, shift, site);
          s = l.onward(s, step, shift);
          least = l.min(least, s);
          most = l.max(most, s);
          under = l.lost(under, s, terms, step);
          if (n.records()) {
            to = asideSum<L>(to, s, shift);
            exact = l.add(exact, terms);
          }
        }
        s = l.raw(s, shift, site);
      }
      if (n.records()) raws = l.add(raws, s); // of a running sum the last, which is what all steps add up to
      const x = l.shl(s, leftSum);
      const z = l.round(x, baseOut, shiftOut, activation);
      leastZ = l.min(leastZ, z);
      mostZ = l.max(mostZ, z);
      underZ = l.underflow(underZ, z, x);
      if (n.records()) {
        toZ = aside<L>(toZ, z);
        rawsZ = l.add(rawsZ, z);
        exactZ = l.add(exactZ, x);
      }
      v128.store(results + (<usize>o << 4), relu ? l.max(z, none) : z);
    }
    if (group) {
      least = l.raw(least, shift, site);
      most = l.raw(most, shift, site);
    }
    if (l.atEdge(least, most, site) || l.atEdge(leastZ, mostZ, activation)) {
      for (let k = b; k < b + l.size(); k++) forwardSample<N, V>(header, record, at<N>(inputs, k * width), k);
      continue;
    }
    if (n.records()) {
      log = commit<L>(site, to, logFull);
      logOut = commit<L>(activation, toZ, logOutFull);
      errorsSum = l.total(errorsSum, roundingErrors<L>(raws, exact, shift));
      errorsOut = l.total(errorsOut, roundingErrors<L>(rawsZ, exactZ, shiftOut));
    }
    const out = at<N>(activations, b * outputs);
    for (let o = 0; o < outputs; o++) l.scatter(at<N>(out, o), at<N>(0, outputs), v128.load(results + (<usize>o << 4)));
    samples += l.size();
    leastSum = l.min(leastSum, least);
    mostSum = l.max(mostSum, most);
    underSum = l.add(underSum, under);
    leastOut = l.min(leastOut, leastZ);
    mostOut = l.max(mostOut, mostZ);
    underOut = l.add(underOut, underZ);
  }
  n.counted(site, samples * outputs * steps);
  n.counted(activation, samples * outputs);
  keep<N, L>(site, leastSum, mostSum, underSum, errorsSum, log);
  keep<N, L>(activation, leastOut, mostOut, underOut, errorsOut, logOut);
  return whole;
}
