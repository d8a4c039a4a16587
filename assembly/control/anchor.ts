/** The anchor: whether it pulls in this step, and the division-free event detector that decides it. docs/numerics.md §7. */
import * as abi from '../abi';
import { at } from '../network/layer';
import { startAverage } from './average';

/** Takes the parameters as they are for the anchor, locks, and starts calibrating. */
function lock<N, V>(header: usize, state: usize): void {
  const bytes = at<N>(0, load<i32>(header, abi.HEADER_PARAMETERS));
  memory.copy(<usize>load<i32>(header, abi.HEADER_ANCHOR), <usize>load<i32>(header, abi.HEADER_THETA), bytes);
  store<i32>(state, 1, abi.STATE_LOCKED);
  store<i32>(state, 0, abi.STATE_CALIBRATED);
  store<i32>(state, 0, abi.STATE_SEEN);
  store<i32>(state, 0, abi.STATE_WINDOW_AT);
  store<i32>(state, 0, abi.STATE_ABOVE);
  store<V>(state, 0, abi.STATE_LOSS_SUM);
  store<V>(state, 0, abi.STATE_SQUARE_SUM);
  store<V>(state, 0, abi.STATE_SQUARE_SUM_HIGH);
}

/** Adds a loss to the sums; at the n-th, fixes n·mean and n²·variance. */
function calibrate<C, V>(header: usize, state: usize, loss: V): void {
  const c = changetype<C>(0);
  const n = load<i32>(header, abi.HEADER_CALIBRATION);
  const sum = load<V>(state, abi.STATE_LOSS_SUM) + loss;
  store<V>(state, sum, abi.STATE_LOSS_SUM);
  c.addSquare(state + abi.STATE_SQUARE_SUM, loss);
  const seen = load<i32>(state, abi.STATE_SEEN) + 1;
  store<i32>(state, seen, abi.STATE_SEEN);
  if (seen < n) return;
  const meanSite = <usize>load<i32>(header, abi.HEADER_LOSS_MEAN);
  store<V>(state, c.quantise(c.add(c.zero(), sum, load<i32>(meanSite, abi.SITE_LEFT0)), meanSite, 0), abi.STATE_LOSS_MEAN);
  const variance = c.variance(n, state + abi.STATE_SQUARE_SUM, sum, <usize>load<i32>(header, abi.HEADER_LOSS_VARIANCE));
  store<V>(state, variance, abi.STATE_LOSS_VARIANCE);
  store<i32>(state, 1, abi.STATE_CALIBRATED);
  store<i32>(state, 0, abi.STATE_SEEN);
}

/** Puts a loss into the window; true if the statistic has now been above its bound long enough. */
function fires<C, V>(header: usize, state: usize, loss: V): bool {
  const c = changetype<C>(0);
  const length = load<i32>(header, abi.HEADER_WINDOW_LENGTH);
  const window = <usize>load<i32>(header, abi.HEADER_WINDOW);
  const position = load<i32>(state, abi.STATE_WINDOW_AT);
  store<V>(window + (<usize>position << 3), loss);
  store<i32>(state, position + 1 == length ? 0 : position + 1, abi.STATE_WINDOW_AT);
  const seen = min(load<i32>(state, abi.STATE_SEEN) + 1, length);
  store<i32>(state, seen, abi.STATE_SEEN);
  if (seen < length) return false;
  const n = <V>load<i32>(header, abi.HEADER_CALIBRATION);
  const mean = c.align(load<V>(state, abi.STATE_LOSS_MEAN), load<i32>(header, abi.HEADER_EVENT_LEFT_MEAN));
  const left = load<i32>(header, abi.HEADER_EVENT_LEFT_LOSS);
  let x = c.zero();
  let slot = load<i32>(state, abi.STATE_WINDOW_AT); // the oldest
  for (let k = 0; k < length; k++) {
    const d = c.align(n * load<V>(window + (<usize>slot << 3)), left) - mean;
    x = c.mac(x, d, d, 0);
    slot = slot + 1 == length ? 0 : slot + 1;
  }
  const site = <usize>load<i32>(header, abi.HEADER_STATISTIC);
  const statistic = c.quantise(c.shift(x, load<i32>(site, abi.SITE_LEFT0)), site, 0);
  const above = c.exceeds(statistic, load<V>(header, abi.HEADER_RATIO), length, load<V>(state, abi.STATE_LOSS_VARIANCE), header);
  const run = above ? load<i32>(state, abi.STATE_ABOVE) + 1 : 0;
  store<i32>(state, run, abi.STATE_ABOVE);
  return run == load<i32>(header, abi.HEADER_CONSECUTIVE);
}

/** Takes what the anchor's law starts from, where the anchor switches on. */
export function startAnchor<N, V>(header: usize, state: usize): void {
  const law = load<i32>(header, abi.HEADER_ANCHOR_LAW);
  if (!load<i32>(header, abi.HEADER_ANCHOR_START)) return;
  if (law == abi.ANCHOR_FIXED || law == abi.ANCHOR_EVENT) lock<N, V>(header, state);
  if (law == abi.ANCHOR_EMA || law == abi.ANCHOR_ELASTIC) startAverage<N, V>(header);
  if (law == abi.ANCHOR_ELASTIC || law == abi.ANCHOR_GATED) memory.fill(<usize>load<i32>(header, abi.HEADER_IMPORTANCE), 0, at<N>(0, load<i32>(header, abi.HEADER_PARAMETERS)));
}

/** Whether the anchor pulls in this step whose loss is `loss`. */
export function anchorPulls<N, C, V>(header: usize, state: usize, loss: V): bool {
  const law = load<i32>(header, abi.HEADER_ANCHOR_LAW);
  if (!load<i32>(header, abi.HEADER_ANCHOR_ON)) return false;
  if (law == abi.ANCHOR_FIXED || law == abi.ANCHOR_DECAY) return true;
  if (law != abi.ANCHOR_EVENT) return false;
  if (!load<i32>(state, abi.STATE_LOCKED) && load<i32>(state, abi.STATE_HOLD_LEFT) == 0) lock<N, V>(header, state);
  if (load<i32>(state, abi.STATE_LOCKED)) {
    if (!load<i32>(state, abi.STATE_CALIBRATED)) calibrate<C, V>(header, state, loss);
    else if (fires<C, V>(header, state, loss)) {
      store<i32>(state, 0, abi.STATE_LOCKED);
      store<i32>(state, load<i32>(header, abi.HEADER_HOLD), abi.STATE_HOLD_LEFT);
      store<i32>(state, load<i32>(state, abi.STATE_EVENTS) + 1, abi.STATE_EVENTS);
    }
  }
  if (load<i32>(state, abi.STATE_LOCKED)) return true;
  store<i32>(state, load<i32>(state, abi.STATE_HOLD_LEFT) - 1, abi.STATE_HOLD_LEFT);
  return false;
}
