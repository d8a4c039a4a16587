/** What a figure was measured on. Nothing that names the machine or a place on it. */
import { cpus } from 'node:os';

/** CPU model, cores, and the versions of Node.js and gcc. */
export function machine(compiler) {
  const cores = cpus();
  return { cpu: cores[0]?.model.trim() ?? 'unknown', cores: cores.length, architecture: process.arch, platform: process.platform, node: process.version, compiler };
}
