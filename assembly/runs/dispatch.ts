/** The kernels over runs as the host has proved that lanes hold a layer's values (src/core/lanes.ts); it joins no runs of which any part takes none. */
import * as abi from '../abi';
import { LongsOne, LongsThree } from '../lanes/longs';
import { WordsOne, WordsRaw, WordsThree } from '../lanes/words';
import { hiddenErrorRuns, outputErrorRuns } from './error';
import { forwardRuns } from './forward';
import { gradientRuns } from './gradient';
import { updateRuns } from './update';

export function forwardOfRuns<N, V>(header: usize, record: usize, inputs: usize, fed: usize, count: i32): void {
  const kind = load<i32>(record, abi.LAYER_LANES_FORWARD);
  if (kind == abi.LANES_WORDS_ONE) forwardRuns<N, V, WordsOne>(header, record, inputs, fed, count);
  else if (kind == abi.LANES_WORDS_RAW) forwardRuns<N, V, WordsRaw>(header, record, inputs, fed, count);
  else if (kind == abi.LANES_WORDS_THREE) forwardRuns<N, V, WordsThree>(header, record, inputs, fed, count);
  else if (kind == abi.LANES_LONGS_ONE) forwardRuns<N, V, LongsOne>(header, record, inputs, fed, count);
  else forwardRuns<N, V, LongsThree>(header, record, inputs, fed, count);
}

export function outputErrorsOfRuns<N, V>(header: usize, record: usize, batch: usize, count: i32): void {
  const kind = load<i32>(record, abi.LAYER_LANES_ERROR);
  if (kind == abi.LANES_WORDS_ONE) outputErrorRuns<N, V, WordsOne>(header, record, batch, count);
  else if (kind == abi.LANES_WORDS_THREE) outputErrorRuns<N, V, WordsThree>(header, record, batch, count);
  else if (kind == abi.LANES_LONGS_ONE) outputErrorRuns<N, V, LongsOne>(header, record, batch, count);
  else outputErrorRuns<N, V, LongsThree>(header, record, batch, count);
}

export function hiddenErrorsOfRuns<N, V>(header: usize, record: usize, behind: usize, count: i32): void {
  const kind = load<i32>(record, abi.LAYER_LANES_ERROR);
  if (kind == abi.LANES_WORDS_ONE) hiddenErrorRuns<N, V, WordsOne>(header, record, behind, count);
  else if (kind == abi.LANES_WORDS_THREE) hiddenErrorRuns<N, V, WordsThree>(header, record, behind, count);
  else if (kind == abi.LANES_LONGS_ONE) hiddenErrorRuns<N, V, LongsOne>(header, record, behind, count);
  else hiddenErrorRuns<N, V, LongsThree>(header, record, behind, count);
}

export function gradientsOfRuns<N, C, V>(header: usize, record: usize, inputs: usize, fed: usize, count: i32, batch: usize): void {
  const kind = load<i32>(record, abi.LAYER_LANES_GRADIENT);
  if (kind == abi.LANES_WORDS_ONE) gradientRuns<N, C, V, WordsOne>(header, record, inputs, fed, count, batch);
  else if (kind == abi.LANES_WORDS_RAW) gradientRuns<N, C, V, WordsRaw>(header, record, inputs, fed, count, batch);
  else if (kind == abi.LANES_WORDS_THREE) gradientRuns<N, C, V, WordsThree>(header, record, inputs, fed, count, batch);
  else if (kind == abi.LANES_LONGS_ONE) gradientRuns<N, C, V, LongsOne>(header, record, inputs, fed, count, batch);
  else gradientRuns<N, C, V, LongsThree>(header, record, inputs, fed, count, batch);
}

export function updatesOfRuns<N, C, V>(header: usize, record: usize, part: usize, row: usize, from: i32, to: i32, did: usize): void {
  const kind = load<i32>(record, abi.LAYER_LANES_UPDATE);
  if (kind == abi.LANES_WORDS_ONE) updateRuns<N, C, V, WordsOne>(header, record, part, row, from, to, did);
  else if (kind == abi.LANES_WORDS_THREE) updateRuns<N, C, V, WordsThree>(header, record, part, row, from, to, did);
  else if (kind == abi.LANES_LONGS_ONE) updateRuns<N, C, V, LongsOne>(header, record, part, row, from, to, did);
  else updateRuns<N, C, V, LongsThree>(header, record, part, row, from, to, did);
}
