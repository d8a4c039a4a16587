/** The command line that does what a page shows, and what a prescription changes. */
import { compareCommand } from '../compare/command.js';
import { withSet, type Request } from './request.js';

/** Everything is named, so that no default can come between. */
export const commandOf = (request: Request): string => compareCommand(request);

/** @param change options of a prescription: `--throttle NAME`, `--anchor NAME`, `--set PATH=VALUE` */
export function withChange(request: Request, change: readonly string[]): Request {
  return change.reduce((changed, option) => {
    const [, name, value] = /^--(throttle|anchor|set) (.*)$/s.exec(option) ?? [];
    if (name === undefined) throw new RangeError(option);
    return name === 'set' ? withSet(changed, [value!]) : { ...changed, [name]: value! };
  }, request);
}
