/** Stands in for node:path in the page, where paths are those of the package: `/experiments/exp-000c.json`. */

/** @throws never: what climbs above the root stays there */
export function resolve(...parts: readonly string[]): string {
  const names: string[] = [];
  for (const name of parts.slice(Math.max(0, parts.findLastIndex((part) => part.startsWith('/')))).join('/').split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return `/${names.join('/')}`;
}

export const dirname = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')));
