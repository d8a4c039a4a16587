/** The supervisor: keeps parameters whose loss is as expected, takes others back. docs/numerics.md §7.1. */
import * as abi from '../abi';
import { at } from '../network/layer';

/** Empties the state where the supervisor switches on. */
export function startSupervisor<V>(header: usize, state: usize): void {
  if (!load<i32>(header, abi.HEADER_SUPERVISOR_START)) return;
  store<i32>(state, 0, abi.STATE_KNOWN);
  store<i32>(state, 0, abi.STATE_REJECTED);
  store<i32>(state, 0, abi.STATE_ACCEPTED);
  store<i32>(state, 0, abi.STATE_HALVINGS);
  store<V>(state, 0, abi.STATE_CUSUM);
}

/** Takes the loss for the mean, and the parameters for good. */
function begin<N, C, V>(header: usize, state: usize, loss: V): void {
  const c = changetype<C>(0);
  const site = <usize>load<i32>(header, abi.HEADER_MEASURE_MEAN);
  store<V>(state, c.quantise(c.add(c.zero(), loss, load<i32>(header, abi.HEADER_MEASURE_LEFT_LOSS)), site, 0), abi.STATE_MEASURE_MEAN);
  store<V>(state, 0, abi.STATE_CUSUM);
  store<i32>(state, 1, abi.STATE_KNOWN);
  keep<N>(header);
}

function keep<N>(header: usize): void {
  memory.copy(<usize>load<i32>(header, abi.HEADER_SNAPSHOT), <usize>load<i32>(header, abi.HEADER_THETA), at<N>(0, load<i32>(header, abi.HEADER_PARAMETERS)));
}

const ACCEPT = 0, WAIT = 1, REJECT = 2;

/** What becomes of parameters that give this loss. */
function judge<C, V>(header: usize, state: usize, loss: V): i32 {
  const c = changetype<C>(0);
  const mean = load<V>(state, abi.STATE_MEASURE_MEAN);
  if (load<i32>(header, abi.HEADER_SUPERVISOR_LAW) == abi.SUPERVISOR_ROLLBACK) {
    const left = load<i32>(header, abi.HEADER_MARGIN_LEFT_LOSS);
    return c.align(loss, left) <= c.align(mean, load<i32>(header, abi.HEADER_MARGIN_LEFT_MEAN)) + c.align(load<V>(header, abi.HEADER_MARGIN), left) ? ACCEPT : REJECT;
  }
  const sum = c.excess(load<V>(state, abi.STATE_CUSUM), loss, mean, load<V>(header, abi.HEADER_SLACK), <usize>load<i32>(header, abi.HEADER_CUSUM));
  store<V>(state, sum, abi.STATE_CUSUM);
  if (sum == 0) return ACCEPT;
  // Written so that a sum that is no number is rejected.
  if (c.align(sum, load<i32>(header, abi.HEADER_LIMIT_LEFT_CUSUM)) <= c.align(load<V>(header, abi.HEADER_LIMIT), load<i32>(header, abi.HEADER_LIMIT_LEFT_LOSS))) return WAIT;
  store<V>(state, 0, abi.STATE_CUSUM);
  return REJECT;
}

function accept<N, C, V>(header: usize, state: usize, loss: V): void {
  keep<N>(header);
  const site = <usize>load<i32>(header, abi.HEADER_MEASURE_MEAN);
  store<V>(state, changetype<C>(0).mean(load<V>(state, abi.STATE_MEASURE_MEAN), load<V>(header, abi.HEADER_SUPERVISOR_RATE), loss, site), abi.STATE_MEASURE_MEAN);
}

/** Whether the step goes on after this loss; if not, the parameters are those accepted last. */
export function supervise<N, C, V>(header: usize, state: usize, loss: V): bool {
  if (load<i32>(header, abi.HEADER_SUPERVISOR_LAW) == abi.SUPERVISOR_NONE || !load<i32>(header, abi.HEADER_SUPERVISOR_ON)) return true;
  // A mean that is not finite can judge nothing; of integers none is.
  const mean = load<V>(state, abi.STATE_MEASURE_MEAN);
  if (!load<i32>(state, abi.STATE_KNOWN) || mean - mean != 0) {
    begin<N, C, V>(header, state, loss);
    return true;
  }
  const verdict = judge<C, V>(header, state, loss);
  if (verdict == WAIT) return true;
  const halvings = load<i32>(state, abi.STATE_HALVINGS), rejected = load<i32>(state, abi.STATE_REJECTED), patience = load<i32>(header, abi.HEADER_PATIENCE);
  if (verdict == REJECT && (patience == 0 || rejected < patience || loss != loss)) {
    memory.copy(<usize>load<i32>(header, abi.HEADER_THETA), <usize>load<i32>(header, abi.HEADER_SNAPSHOT), at<N>(0, load<i32>(header, abi.HEADER_PARAMETERS)));
    store<i32>(state, rejected + 1, abi.STATE_REJECTED);
    store<i32>(state, 0, abi.STATE_ACCEPTED);
    store<i32>(state, min(halvings + 1, load<i32>(header, abi.HEADER_BACKOFF)), abi.STATE_HALVINGS);
    return false;
  }
  if (verdict == REJECT) begin<N, C, V>(header, state, loss);
  else accept<N, C, V>(header, state, loss);
  store<i32>(state, 0, abi.STATE_REJECTED);
  const accepted = load<i32>(state, abi.STATE_ACCEPTED) + 1;
  const recovered = halvings > 0 && accepted == load<i32>(header, abi.HEADER_RECOVERY);
  store<i32>(state, recovered || halvings == 0 ? 0 : accepted, abi.STATE_ACCEPTED);
  if (recovered) store<i32>(state, halvings - 1, abi.STATE_HALVINGS);
  return true;
}

/** α after the back-off. */
export function backedOff<C, V>(header: usize, state: usize, alpha: V): V {
  const halvings = load<i32>(header, abi.HEADER_SUPERVISOR_ON) ? load<i32>(state, abi.STATE_HALVINGS) : 0;
  return halvings > 0 ? changetype<C>(0).halved(alpha, halvings) : alpha;
}
