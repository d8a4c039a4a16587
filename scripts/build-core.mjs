// Compiles the core in process: debug, release scalar and release SIMD, from asconfig.json.
import { readFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';

const targets = Object.keys(JSON.parse(readFileSync(new URL('../asconfig.json', import.meta.url), 'utf8')).targets);
for (const target of process.argv.length > 2 ? process.argv.slice(2) : targets) {
  const { error, stderr } = await asc.main(['--config', 'asconfig.json', '--target', target]);
  // Binaryen remarks that it could go on optimising; that is no fault.
  const text = stderr.toString().replaceAll('Last converge was suboptimal.\n', '');
  if (text) process.stderr.write(text);
  if (error) {
    process.stderr.write(`core: ${target} failed: ${error.message}\n`);
    process.exit(1);
  }
}
