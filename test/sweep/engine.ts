/** What tests of array engines need: the tool itself, and the built command line as `qrails` on the path. */
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { BIN, type Folder } from '../cli/qrails.js';

/** Skips the test where a command is missing, unless QRAILS_REQUIRE_ORACLES says that it must be there. */
export function needCommand(context: TestContext, ...commands: string[]): void {
  const missing = commands.find((command) => spawnSync('sh', ['-c', `command -v ${command}`]).status !== 0);
  if (missing === undefined) return;
  if (process.env['QRAILS_REQUIRE_ORACLES']) throw new Error(`${missing} is not installed, and QRAILS_REQUIRE_ORACLES is set`);
  context.skip(`${missing} is not installed`);
}

/** A path on which `qrails` is what was built. */
export function pathWith(folder: Folder): Record<string, string> {
  folder.write({ 'bin/qrails': `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n` });
  chmodSync(join(folder.path, 'bin/qrails'), 0o755);
  return { PATH: `${join(folder.path, 'bin')}:${process.env['PATH']}` };
}
