/** What a generated file says of where it comes from. */
import type { Plan } from '../schema/plan.js';
import { commentText } from './cText.js';

export interface Origin {
  readonly title: string;
  readonly profile: string;
  readonly sensor: string;
  readonly planHash: string;
  readonly toolVersion: string;
}

/** Lines of a comment: what was exported, what the file is, and what it was made from. */
export function originLines(plan: Plan, { title, profile, sensor, planHash, toolVersion }: Origin, about: readonly string[] = []): string[] {
  return [
    ` * ${commentText(title)}`,
    ' *',
    ...(about.length > 0 ? [...about.map((line) => ` * ${line}`), ' *'] : []),
    ` * made by  qrails ${commentText(toolVersion)}; do not edit, export again`,
    ` * plan     ${commentText(planHash)}`,
    ` * profile  ${commentText(profile)}`,
    ` * sensor   ${commentText(sensor)}`,
    ` * seed     ${plan.seed}`,
  ];
}

/** The first comment of a generated C file. */
export const originComment = (plan: Plan, origin: Origin, about: string): string => ['/*', ...originLines(plan, origin, [about]), ' */'].join('\n');
