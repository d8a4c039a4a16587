import { Type, type Static } from '@sinclair/typebox';
import { CONCERN_CODES, SEVERITIES } from '../plan/concernsCodes.js';
import { StringEnum, strict } from './common.js';

/** Something a plan can be run with, and should be looked at: docs/concerns.md. */
export const Concern = strict({
  code: StringEnum(CONCERN_CODES, 'what it is: docs/concerns.md'),
  severity: StringEnum(SEVERITIES, 'warning: can spoil a run; note: costs precision or instructions, or only a worst case'),
  where: Type.String({ description: 'site keys or a field, separated by ", "' }),
  message: Type.String(),
  found: Type.String(),
  expected: Type.String(),
  try: Type.String({ description: 'the repair, mostly options' }),
});
export type Concern = Static<typeof Concern>;
