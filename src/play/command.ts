/** The command line that does what a page shows, and what a prescription changes. */
import { withSet, type Request } from './request.js';

/** Quoted for a POSIX shell where it needs it. */
const word = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** Everything is named, so that no default can come between. */
export function commandOf({ experiment, profile, sensor, throttle, anchor, supervisor, steps, seed, set }: Request): string {
  const options: [string, string | number | undefined][] = [
    ['profile', profile], ['sensor', sensor], ['throttle', throttle], ['anchor', anchor], ['supervisor', supervisor], ['steps', steps], ['seed', seed],
    ...set.map((assignment): [string, string] => ['set', assignment]),
  ];
  return ['qrails', 'compare', experiment, ...options.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]))].map(word).join(' ');
}

/** @param change options of a prescription: `--throttle NAME`, `--anchor NAME`, `--set PATH=VALUE` */
export function withChange(request: Request, change: readonly string[]): Request {
  return change.reduce((changed, option) => {
    const [, name, value] = /^--(throttle|anchor|set) (.*)$/s.exec(option) ?? [];
    if (name === undefined) throw new RangeError(option);
    return name === 'set' ? withSet(changed, [value!]) : { ...changed, [name]: value! };
  }, request);
}
