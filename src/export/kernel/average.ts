/** The moving mean of the parameters as C: where it begins, how it follows, and how parameters are evaluated at it. docs/numerics.md §7. */
import { siteKey } from '../../site/sites.js';
import { copyBackLoop, copyLoop, parameterArrays, type ParameterArray } from './arrays.js';
import { indented, type Kernel } from './context.js';
import { movedMean, type Exact } from './exact.js';

/** The parameter k of an array, and its mean. */
export const ownOf = (kernel: Kernel, { name, kind, layer }: ParameterArray, text = `s->${name}[k]`): Exact => kernel.raw(kind, layer.index, text);
export const averageOf = (kernel: Kernel, { name, layer }: ParameterArray): Exact => kernel.raw('average', layer.index, `s->${name}_average[k]`);

/** Q(mean + mu * (theta - mean)), a call. */
export function followed(kernel: Kernel, array: ParameterArray, theta: Exact): Exact {
  const rate = kernel.constant('anchorRate', kernel.plan.anchor.averageRate, 'anchor.averageRate');
  return kernel.sites.quantise(siteKey('average', array.layer.index), movedMean(averageOf(kernel, array), theta, rate), { element: array.element, index: '0' });
}

const loop = ({ length }: ParameterArray, statement: string): string => `for (uint32_t k = 0; k < ${length}; k++) ${statement}`;

/** `start_average`, and for the anchor that only follows `follow`. */
export function averageText(kernel: Kernel): string[] {
  const { plan, prefix, sites } = kernel;
  if (!kernel.averages) return [];
  const arrays = parameterArrays(kernel);
  const start = (array: ParameterArray): string => {
    const value = sites.quantise(siteKey('average', array.layer.index), ownOf(kernel, array), { element: array.element, index: '0' });
    return loop(array, `s->${array.name}_average[k] = ${value.text};`);
  };
  return [
    ['/* The mean of every parameter begins with the parameter. */', `static void start_average(${prefix}_state *s)`, '{', ...indented(arrays.map(start)), '}'].join('\n'),
    ...(plan.anchor.law === 'ema'
      ? [[
          '/* Q(mean + mu * (theta - mean)) of every parameter */',
          `static void follow(${prefix}_state *s)`,
          '{',
          ...indented(arrays.map((array) => loop(array, `s->${array.name}_average[k] = ${followed(kernel, array, ownOf(kernel, array)).text};`))),
          '}',
        ].join('\n')]
      : []),
  ];
}

/** Whether parameters are evaluated at their mean. */
export const evaluatesAverage = ({ plan }: Kernel): boolean => plan.anchor.law === 'ema';

/** `take_average` and `put_back`, around a prediction or an evaluation. */
export function evaluatedText(kernel: Kernel): string[] {
  const { prefix, sites } = kernel;
  if (!evaluatesAverage(kernel)) return [];
  const arrays = parameterArrays(kernel);
  const take = (array: ParameterArray): string[] => {
    const value = sites.prepare(siteKey(array.kind, array.layer.index), averageOf(kernel, array));
    return [copyLoop(array, 'kept'), loop(array, `s->${array.name}[k] = ${value.text};`)];
  };
  return [
    [
      '/* Takes the mean of every parameter for the parameter; 0 and nothing done where the last step had no anchor. */',
      `static int take_average(${prefix}_state *s)`,
      '{',
      ...indented(['if (s->step == 0 || phase_of(s->step - 1U).anchor == 0) return 0;', ...arrays.flatMap(take), 'return 1;']),
      '}',
    ].join('\n'),
    ['/* And back. */', `static void put_back(${prefix}_state *s)`, '{', ...indented(arrays.map((array) => copyBackLoop(array, 'kept'))), '}'].join('\n'),
  ];
}
