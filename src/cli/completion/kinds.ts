/** What may stand at a place of the command line, by the word the help has for it: `--profile <target>` takes targets. */
import { ANCHOR_NAMES, ANCHORS, REFERENCE_THROTTLE_NAMES, SUPERVISOR_NAMES, SUPERVISORS } from '../../control/registry.js';
import { list, type DocumentKind } from '../../document/catalogue.js';
import { BOARD_NAMES } from '../../cost/boards.js';
import { MARGIN_KINDS } from '../../margins/registry.js';
import { OVERFLOW, OVERFLOWS, ROUNDING, ROUNDINGS } from '../../format/modes.js';
import { ACCUMULATE, BATCH_DIVISION, DIVIDERS } from '../../schema/profile.js';

export interface Candidate {
  readonly word: string;
  /** In a few words; may be empty. */
  readonly about: string;
}

export interface Kind {
  readonly words?: () => readonly Candidate[];
  /** Several may stand there, with commas between. */
  readonly list?: true;
  /** Whether it can be a path as well. */
  readonly paths?: 'files' | 'folders';
}

const named = (words: readonly string[], about: (word: string) => string = () => '') => (): Candidate[] => words.map((word) => ({ word, about: about(word) }));
const shipped = (kind: DocumentKind): Kind => ({ words: () => named(list(kind))(), paths: 'files' });
const FILES: Kind = { paths: 'files' };
const OPEN: Kind = {};

/** By placeholder. Places that take numbers, names of the user's own and formats have nothing to offer. */
export const KINDS: Readonly<Record<string, Kind>> = {
  target: { ...shipped('profile'), list: true },
  profile: shipped('profile'),
  sensor: shipped('sensor'),
  experiment: shipped('experiment'),
  throttles: { words: named(REFERENCE_THROTTLE_NAMES), list: true },
  anchors: { words: named(ANCHOR_NAMES, (name) => ANCHORS[name as keyof typeof ANCHORS].about), list: true },
  supervisor: { words: named(SUPERVISOR_NAMES, (name) => SUPERVISORS[name as keyof typeof SUPERVISORS].about) },
  boards: { words: named(BOARD_NAMES), list: true },
  mode: { words: () => [...named(ROUNDINGS, (name) => ROUNDING[name as keyof typeof ROUNDING].about)(), ...named(OVERFLOWS, (name) => OVERFLOW[name as keyof typeof OVERFLOW].about)()] },
  kinds: { words: named(MARGIN_KINDS), list: true },
  // Of a new profile.
  when: { words: named(ACCUMULATE) },
  rule: { words: named(BATCH_DIVISION) },
  method: { words: named(DIVIDERS) },
  file: FILES,
  files: FILES,
  baseline: FILES,
  spec: FILES,
  folder: { paths: 'folders' },
  ...Object.fromEntries(['n', 'k', 'bits', 'bytes', 'share', 'value', 'values', 'text', 'format', 'axis', 'columns', 'sizes', 'identifier', 'name', 'list', 'i/n', '-'].map((word) => [word, OPEN])),
};
