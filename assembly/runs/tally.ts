/** What lanes count where a lane is a run: kept in the shadows' sites until the runs end, then given to each run's own. */
import * as abi from '../abi';
import { beginTallies, eachSite } from '../lanes/tally';
import { ofRun, own, RUNS } from './region';

/** Range and underflows of a site from here on. `site`: of the first shadow; `run`: the first in the lanes. */
@inline
export function keepRuns<L>(site: usize, run: i32, least: v128, most: v128, underflows: v128): void {
  const l = changetype<L>(0), shadow = ofRun(site, run / l.size());
  v128.store(shadow, least, abi.SITE_LANE_LEAST);
  v128.store(shadow, most, abi.SITE_LANE_MOST);
  if (!v128.any_true(underflows)) return;
  v128.store(counts, underflows);
  for (let k = 0; k < l.size(); k++) {
    const at = own(site, run + k);
    store<i64>(at, load<i64>(at, abi.SITE_UNDERFLOW) - l.value(counts, k), abi.SITE_UNDERFLOW);
  }
}
const counts = memory.data(16, 16);

export function beginRuns(header: usize): void {
  beginTallies(header);
  beginTallies(ofRun(header, 1));
}

@unmanaged
class Give {
  take<L>(site: usize): void {
    const l = changetype<L>(0);
    for (let run = 0; run < RUNS; run += l.size()) {
      const shadow = ofRun(site, run / l.size());
      for (let k = 0; k < l.size(); k++) {
        const at = own(site, run + k);
        store<i64>(at, load<i64>(at, abi.SITE_COUNT) + load<i64>(shadow, abi.SITE_COUNT), abi.SITE_COUNT);
        const least = l.value(shadow + abi.SITE_LANE_LEAST, k), most = l.value(shadow + abi.SITE_LANE_MOST, k);
        if (least > most) continue; // it saw nothing
        store<i64>(at, min(load<i64>(at, abi.SITE_MIN), least), abi.SITE_MIN);
        store<i64>(at, max(load<i64>(at, abi.SITE_MAX), most), abi.SITE_MAX);
      }
      store<i64>(shadow, 0, abi.SITE_COUNT);
    }
  }
}

/** Every run gets what its lane has seen. `header`: of the first shadow. */
export function endRuns(header: usize): void {
  eachSite<Give>(header);
}
