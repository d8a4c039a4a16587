/** The throttle and the anchor a point has where none is named: the experiment's, as the axes left it. */
import { throttleName } from '../compare/prepare.js';
import { isObject } from '../schema/navigate.js';
import type { AnchorSpec, Experiment, ThrottleSpec } from '../schema/experiment.js';
import { canonicalPath } from './axis.js';
import type { AxisValue } from './types.js';

/** Controllers of an experiment. */
export type OwnControllers = Pick<Experiment, 'throttle' | 'anchor'>;

/**
 * Names of the controllers.
 *
 * @param own those of the experiment with base and axes applied at any point: paths are the same at every point, only values differ
 * @param assigned paths and values at this point, in the order in which they are applied
 */
export function ownNames({ throttle, anchor }: OwnControllers, assigned: readonly (readonly [path: string, value: AxisValue])[]): { readonly throttle: string; readonly anchor: string } {
  const specs: Record<string, unknown> = { throttle: throttle ?? { law: 'none' }, anchor: anchor ?? { law: 'none' } };
  for (const [path, value] of assigned) {
    const [, name = '', key] = /^experiment\.(throttle|anchor)(?:\.(law|estimator))?$/.exec(canonicalPath(path)) ?? [];
    // Of another value than an object or a name, planning says what is wrong with it.
    if (key !== undefined && typeof value === 'string') specs[name] = { ...(specs[name] as object), [key]: value };
    else if (name !== '' && isObject(value)) specs[name] = value;
  }
  return { throttle: throttleName(specs['throttle'] as ThrottleSpec), anchor: (specs['anchor'] as AnchorSpec).law };
}
