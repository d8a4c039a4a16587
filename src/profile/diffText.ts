/** The difference of two profiles for a terminal. */
import { printable } from '../document/show.js';
import { PLAIN, type Palette } from '../report/terminal.js';
import type { ProfileDiff, ProfileDifference } from '../schema/profileViews.js';
import { toAscii, wrap, type PictureOptions } from './explainPicture.js';

const ABSENT = '(none)';

/**
 * @returns lines, each at most `width` columns, with a line end behind the last
 * @example process.stdout.write(renderProfileDiff(diffProfiles(mid, tight)))
 */
export function renderProfileDiff(diff: ProfileDiff, { width = 80, ascii = false, palette = PLAIN }: PictureOptions = {}): string {
  const sign = ascii ? toAscii : (text: string): string => text;
  const columns = Math.max(40, width);
  const { layers, inputs, batch } = diff.dimensions;
  const lines: string[] = [];
  const paragraph = (text: string, indent: number, paint: (line: string) => string): void => {
    for (const line of wrap(sign(printable(text, Infinity)), columns - indent)) lines.push(' '.repeat(indent) + paint(line));
  };
  paragraph(`${diff.a} → ${diff.b}`, 0, palette.bold);
  paragraph(`${layers} ${layers === 1 ? 'layer' : 'layers'} of ${inputs} ${inputs === 1 ? 'input' : 'inputs'}, one output, batch ${batch}`, 0, palette.dim);
  const group = (title: string, entries: readonly ProfileDifference[]): void => {
    if (entries.length === 0) return;
    lines.push('');
    paragraph(title, 0, palette.bold);
    for (const entry of entries) {
      paragraph(entry.at, 2, palette.bold);
      values(entry, palette).forEach(([text, paint]) => paragraph(text, 4, paint));
      for (const effect of entry.effects) paragraph(effect, 6, (line) => line);
    }
  };
  group('sites', diff.sites);
  group('rules', diff.rules);
  group('hardware: changes no bit of a run', diff.hardware);
  if (diff.modes.length > 0) {
    lines.push('');
    for (const { mode, about } of diff.modes) paragraph(`${mode}: ${about}`, 2, palette.dim);
  }
  lines.push('');
  if (diff.equal) paragraph(diff.hardware.length === 0 ? 'no difference: the same bits, the same hardware' : 'every bit of a run is the same', 0, palette.green);
  else paragraph(`${diff.sites.length} sites and ${diff.rules.length} rules differ`, 0, (line) => line);
  return `${lines.join('\n')}\n`;
}

function values({ a, b }: ProfileDifference, { red, green, dim }: Palette): [string, (line: string) => string][] {
  if (a === b) return [[a ?? ABSENT, dim]];
  return [[`- ${a ?? ABSENT}`, red], [`+ ${b ?? ABSENT}`, green]];
}
