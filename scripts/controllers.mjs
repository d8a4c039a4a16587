// The tables of docs/controllers.md, from the registry, the sites and the state fields of the compiled host.
//   node scripts/controllers.mjs           writes what changed
//   node scripts/controllers.mjs --check   writes nothing; names a stale page and exits with 1
import {
  ANCHOR_PARAMETERS, ANCHORS, BALANCE_PARAMETERS, BALANCES, ESTIMATORS, parameterDefault, SUPERVISOR_PARAMETERS, SUPERVISORS, THROTTLE_ALIASES, THROTTLE_PARAMETERS, THROTTLES,
} from '../dist/control/registry.js';
import { stateFields } from '../dist/core/stateFields.js';
import { SITES } from '../dist/site/sites.js';
import { keep, read, table as plainTable, withBlock } from './page.mjs';

const FILE = 'docs/controllers.md';
const NONE = '–';

const code = (text) => `\`${text}\``;
const cell = (text) => String(text).replaceAll('|', '\\|');
const table = (head, lines) => plainTable(head.map(cell), lines.map((line) => line.map(cell)));
const codes = (names) => names.map(code).join(', ') || NONE;
const entries = (list) => Object.entries(list);

/** A network of one weight without any controller, with what is given instead. */
const plan = (controllers) => ({ layers: [{ inputs: 1, outputs: 1, bias: false }], throttle: { law: 'none' }, anchor: { law: 'none' }, supervisor: { law: 'none' }, ...controllers });
const fieldsOf = (controllers) => stateFields(plan(controllers)).map(({ name }) => name);
/** What is kept from step to step with these controllers and not without them. */
const kept = (controllers, without = {}) => {
  const present = fieldsOf(without);
  return fieldsOf(controllers).filter((name) => !present.includes(name));
};
const quotients = ({ divides }) => (divides ? 'yes' : 'no');

const throttleTable = () => table(
  ['law', 'α', 'estimator', 'keeps', 'quotients', 'parameters'],
  [
    ...entries(THROTTLES).map(([law, { about, estimators, parameters, ...definition }]) => [
      code(law), about, estimators.length > 0 ? 'any' : NONE,
      // what an estimator keeps is in its own table
      codes(estimators.length > 0 ? kept({ throttle: { law, estimator: 'trace' } }, { throttle: { law: 'gt0', estimator: 'trace' } }) : kept({ throttle: { law } })),
      quotients(definition), codes(parameters),
    ]),
    ...entries(THROTTLE_ALIASES).map(([name, { about, law, estimator, parameters }]) => [
      code(name), about, code(estimator), NONE, quotients(THROTTLES[law]), `those of ${code(law)}, ${entries(parameters).map(([parameter, value]) => `${code(parameter)} ${value}`).join(', ')}`,
    ]),
  ],
);

const estimatorTable = () => table(
  ['estimator', 'C', 'keeps', 'quotients', 'history', 'runs'],
  entries(ESTIMATORS).map(([estimator, { about, history, singleLayer, floatOnly, ...definition }]) => [
    code(estimator), about, codes(kept({ throttle: { law: 'gt0', estimator } })), quotients(definition), history ? 'one step' : 'none',
    `${singleLayer ? 'one layer' : 'any network'}, ${floatOnly ? 'reference only' : 'any target'}`,
  ]),
);

const lawTable = (laws, controllers) => table(
  ['law', 'what it does', 'keeps', 'quotients', 'parameters'],
  entries(laws).map(([law, { about, parameters, ...definition }]) => [code(law), about, codes(law === 'none' ? [] : kept(controllers(law))), quotients(definition), codes(parameters)]),
);

const shown = (value) => (value === 'lsb' ? 'one last place' : typeof value === 'boolean' ? (value ? 'on' : 'off') : typeof value === 'string' ? code(value) : String(value));

/** Default of a parameter, and of the laws that start from another. */
function defaults(laws, name, definition) {
  const others = entries(laws).filter(([, law]) => law.parameters.includes(name) && parameterDefault(law, name, definition) !== definition.default);
  return [shown(definition.default), ...others.map(([law, found]) => `${code(law)}: ${shown(parameterDefault(found, name, definition))}`)].join('; ');
}

const range = ({ type, minimum, maximum, choices }) => (type === 'boolean' ? 'on or off' : type === 'choice' ? codes(choices) : `${type === 'integer' ? 'whole, ' : ''}${minimum} to ${maximum}`);

const parameterTable = (definitions, laws) => table(
  ['parameter', 'what', 'default', 'range', 'quantised at', 'of'],
  entries(definitions).map(([name, definition]) => [
    code(name), definition.about, defaults(laws, name, definition), range(definition), definition.site ? code(definition.site) : NONE,
    codes(entries(laws).filter(([, { parameters }]) => parameters.includes(name)).map(([law]) => law)),
  ]),
);

/** Signals that only controllers have. */
const SIGNALS = ['throttle', 'anchorPull', 'importance', 'average', 'share'];

/** Formats that controllers' constants, signals and metrics have where a profile does not state them. */
const siteTable = () => {
  const constants = [THROTTLE_PARAMETERS, ANCHOR_PARAMETERS, SUPERVISOR_PARAMETERS, BALANCE_PARAMETERS].flatMap((definitions) => entries(definitions).flatMap(([, { site }]) => site ?? []));
  const metrics = entries(SITES).filter(([, { kind }]) => kind === 'metric' || kind === 'square').map(([name]) => name);
  return table(['site', 'what', 'format unless stated'], [...new Set([...constants, ...SIGNALS, ...metrics])].map((name) => [code(name), SITES[name].about, SITES[name].fallback ?? 'stated by every profile']));
};

const BLOCKS = {
  throttles: throttleTable,
  estimators: estimatorTable,
  'throttle parameters': () => parameterTable(THROTTLE_PARAMETERS, THROTTLES),
  anchors: () => lawTable(ANCHORS, (law) => ({ anchor: { law, window: ANCHORS[law].parameters.includes('window') ? 1 : 0 } })),
  'anchor parameters': () => parameterTable(ANCHOR_PARAMETERS, ANCHORS),
  supervisors: () => lawTable(SUPERVISORS, (law) => ({ supervisor: { law } })),
  'supervisor parameters': () => parameterTable(SUPERVISOR_PARAMETERS, SUPERVISORS),
  balances: () => lawTable(BALANCES, (law) => ({ balance: { law, outputs: [1, 1] } })),
  'balance parameters': () => parameterTable(BALANCE_PARAMETERS, BALANCES),
  sites: siteTable,
};

keep({ [FILE]: entries(BLOCKS).reduce((text, [name, block]) => withBlock(text, name, block()), read(FILE)) });
