/** What page and worker say to each other. */
import type { ErrorParts } from '../errors.js';
import type { Exported, ExportName } from './exports.js';
import type { Request } from './request.js';
import type { Curves, Played } from './run.js';

export type ToWorker =
  | { readonly kind: 'run'; readonly id: number; readonly request: Request; readonly tries: boolean }
  | { readonly kind: 'export'; readonly id: number; readonly request: Request; readonly what: ExportName }
  /** Ends what is under way, whatever it is. */
  | { readonly kind: 'stop' };

export type FromWorker =
  | { readonly kind: 'part'; readonly id: number; readonly curves: Curves }
  | { readonly kind: 'done'; readonly id: number; readonly played: Played; readonly milliseconds: number }
  | { readonly kind: 'exported'; readonly id: number; readonly file: Exported }
  | { readonly kind: 'refused'; readonly id: number; readonly error: ErrorParts }
  | { readonly kind: 'stopped'; readonly id: number };
