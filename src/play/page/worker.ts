/** The worker: the host and the core, one request after another. */
import { QrailsError, type ErrorParts } from '../../errors.js';
import { EXPORTS } from '../exports.js';
import type { FromWorker, ToWorker } from '../protocol.js';
import { play } from '../run.js';

let under: AbortController | undefined;
const tell = (message: FromWorker): void => postMessage(message);

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'stop') under?.abort();
  else void answer(data, (under = new AbortController()).signal);
});

async function answer(message: Exclude<ToWorker, { kind: 'stop' }>, signal: AbortSignal): Promise<void> {
  const { id, request } = message;
  try {
    if (message.kind === 'export') return tell({ kind: 'exported', id, file: await EXPORTS[message.what](request) });
    const began = performance.now();
    const { tries } = message;
    const played = await play(request, { tries, signal, ...(!tries && { onPart: (curves) => tell({ kind: 'part', id, curves }) }) });
    tell({ kind: 'done', id, played, milliseconds: performance.now() - began });
  } catch (error) {
    tell(signal.aborted ? { kind: 'stopped', id } : { kind: 'refused', id, error: partsOf(error) });
  }
}

/** A fault of ours is told, too: a page has nowhere else to show it. */
const partsOf = (error: unknown): ErrorParts => (error instanceof QrailsError ? error.parts : { code: 'unsupported', where: 'page', message: `this is a fault of qrails: ${String(error)}` });
