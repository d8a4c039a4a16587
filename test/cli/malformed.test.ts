/** Malformed input of every kind through the real command line: exit code 2, a message that names the place, and nothing else. */
import { describe, expect, it } from 'vitest';
import { experiment, inFolder, onePhase, profile, recorded, type Files } from './qrails.js';

interface Case {
  readonly args: readonly string[];
  readonly files?: Files;
  readonly stdin?: string;
  /** What the message must say: the place, and what was expected or what to do. */
  readonly says: readonly (string | RegExp)[];
}

const many = (length: number, row: (index: number) => string): string => `${Array.from({ length }, (_, index) => row(index)).join('\n')}\n`;
const LOG = `a,b,y\n${many(20, (row) => `${row / 20},${(row % 7) / 7},0.5`)}`;
/** The same with one line replaced; line 1 holds the headings. */
const withLine = (line: number, text: string): string => LOG.split('\n').map((old, index) => (index === line - 1 ? text : old)).join('\n');

const usage: Record<string, Case> = {
  'a command that does not exist': { args: ['comapre'], says: ["unknown command 'comapre'", 'Did you mean compare?'] },
  'a command of a group that does not exist': { args: ['profile', 'lsit'], says: ["unknown command 'lsit'", 'Did you mean list?'] },
  'no command': { args: [], says: ['Usage: qrails', 'compare'] },
  'an option that does not exist': { args: ['compare', '--profil', 'enabol-mid'], says: ["unknown option '--profil'", 'Did you mean --profile?'] },
  'an option without its value': { args: ['compare', '--profile'], says: ["'-p, --profile <target>' argument missing"] },
  'too many arguments': { args: ['compare', 'stream', 'exp-000a'], says: ['too many arguments', 'Expected 1 argument but got 2'] },
  'an argument that is missing': { args: ['profile', 'show'], says: ["missing required argument 'profile'"] },
  'a throttle without its estimator': { args: ['compare', '--throttle', 'gt0'], says: ['--throttle', 'found     gt0', 'one of none, gt0/secant, gt0/trace, gt0/secant-latch', 'try       --throttle gt0/secant'] },
  'a misspelt throttle': { args: ['compare', '-t', 'none,gt0/secnt'], says: ['--throttle', 'gt0/secnt', 'try       --throttle gt0/secant'] },
  'an empty entry in a list': { args: ['compare', '--throttle', 'none,,table'], says: ['--throttle', 'An entry of the list is empty'] },
  'a misspelt anchor': { args: ['compare', '--anchor', 'evnet'], says: ['--anchor', 'none, fixed, event', 'try       --anchor event'] },
  'a negative seed': { args: ['compare', '--seed', '-1'], says: ['--seed', 'from 0 to 4294967295'] },
  'a seed past 32 bits': { args: ['compare', '--seed', '4294967296'], says: ['--seed', '4294967296', 'to 4294967295'] },
  'no steps': { args: ['compare', '--steps', '0'], says: ['--steps', 'from 1 to 100000000'] },
  'a part of nothing': { args: ['compare', '--part', '0'], says: ['--part', 'a number above 0'] },
  'a build that does not exist': { args: ['compare', '--core', 'fast'], says: ['--core', 'debug, scalar, simd'] },
  'a trace of an unknown kind': { args: ['compare', '--trace', 'run.txt'], says: ['--trace', 'run.txt', '.ndjson, .parquet'] },
  'trace and result in one file': { args: ['compare', '--trace', 'run.csv', '-o', './run.csv'], says: ['--output, --trace', 'run.csv', 'two files'] },
  'a set without a value': { args: ['compare', '--set', 'profile.sites.weight.wordLength'], says: ['--set profile.sites.weight.wordLength', 'path=value'] },
  'a set of no document': { args: ['compare', '--set', 'profil.name=x'], says: ['--set profil.name=x', 'profile., sensor., experiment., throttle., anchor.', 'try       profile.name'] },
  'a set of a misspelt key': { args: ['compare', '--set', 'profile.sites.weigth.wordLength=8'], says: ['--set', 'weigth', 'try       weight'] },
  'a set to the wrong type': { args: ['compare', '--set', 'profile.sites.weight.wordLength=twelve'], says: ['--set', 'wordLength', 'twelve', 'an integer from 2 to 64'] },
  'a set of a prototype': { args: ['compare', '--set', 'profile.__proto__.polluted=1'], says: ['--set', '__proto__'] },
  'data without inputs': { args: ['compare', '--data', 'log.csv', '--targets', 'y'], files: { 'log.csv': LOG }, says: ['--data', '--inputs and --targets together'] },
  'inputs without data': { args: ['compare', '--inputs', 'a'], says: ['--data', '--inputs', 'together'] },
  'a profile that is not shipped': { args: ['compare', '--profile', 'enabol-mdi'], says: ['enabol-mdi', 'cortex-m4-q15', 'try       enabol-mid'] },
  'standard input for two documents': {
    args: ['compare', '-', '--profile', '-'], stdin: experiment(), says: ['standard input was read already', 'as a file'],
  },
};

const documents: Record<string, Case> = {
  'a file that is not there': { args: ['compare', '--profile', './mine.json'], says: ['./mine.json', 'no such file'] },
  'a folder as a document': { args: ['profile', 'validate', './mine'], files: { 'mine/x': '' }, says: ['./mine', 'is a directory', 'a file'] },
  'malformed JSON': { args: ['profile', 'validate', 'p.json'], files: { 'p.json': '{\n  "name": "x",\n  "sites": {,}\n}' }, says: ['p.json:3:13', 'a key in double quotes'] },
  'JSON that ends early': { args: ['sensor', 'validate', 's.json'], files: { 's.json': '{"name": "x"' }, says: ['s.json:1:13', 'the end of the text', '"," or "}"'] },
  'an empty document': { args: ['experiment', 'validate', 'e.json'], files: { 'e.json': '\n' }, says: ['e.json', 'is empty', 'a JSON value'] },
  'a key given twice': { args: ['profile', 'validate', 'p.json'], files: { 'p.json': '{"name": "x", "name": "y"}' }, says: ['p.json:1:15', 'name is given twice'] },
  'a key that names a prototype': { args: ['sensor', 'validate', 's.json'], files: { 's.json': '{"name": "x", "__proto__": {"gain": []}}' }, says: ['s.json:1:15', '__proto__ is not allowed'] },
  'a document that is no UTF-8': { args: ['profile', 'validate', 'p.json'], files: { 'p.json': new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]) }, says: ['p.json', 'not UTF-8', 'save it as UTF-8'] },
  'a huge document': { args: ['profile', 'validate', 'p.json'], files: { 'p.json': ' '.repeat(17 << 20) }, says: ['p.json', 'too large', 'at most 16777216 bytes'] },
  'an array in place of a document': { args: ['profile', 'validate', 'p.json'], files: { 'p.json': '[]' }, says: ['p.json', 'an object'] },
  'an unknown key': { args: ['profile', 'validate', 'p.json'], files: { 'p.json': profile({ wieght: { wordLength: 8 } }) }, says: ['p.json: sites.wieght is not a known key', 'try       weight'] },
  'a wrong type': { args: ['profile', 'validate', 'p.json'], files: { 'p.json': profile({ weight: { wordLength: '12' } }) }, says: ['p.json: sites.weight.wordLength', 'an integer from 2 to 64', '12 without the quotes'] },
  'a name that is unsafe in a terminal': { args: ['profile', 'validate', 'p.json'], files: { 'p.json': profile({}, { name: '\u001b[31mred' }) }, says: ['p.json: name', '\\u001b[31mred', 'lower-case letters'] },
  'a profile without a source': { args: ['profile', 'validate', 'p.json'], files: { 'p.json': JSON.stringify({ name: 'mine', extends: './q.json', sites: {} }), 'q.json': profile({}, { source: undefined, extends: undefined, sites: Object.fromEntries(['input', 'accumulator', 'activation', 'gradient', 'update', 'weight', 'loss'].map((name) => [name, { wordLength: 16, fractionLength: 8 }])) }) }, says: ['p.json', 'sites.input has no source'] },
  'a profile without weights': { args: ['profile', 'validate', 'p.json'], files: { 'p.json': JSON.stringify({ name: 'mine', source: 'a test', sites: { input: { wordLength: 8, fractionLength: 4 } } }) }, says: ['p.json', /sites\.\w+ is missing/, '"wordLength": 16'] },
  'a document that extends itself': { args: ['profile', 'validate', 'p.json'], files: { 'p.json': profile({}, { extends: './q.json' }), 'q.json': profile({}, { extends: './p.json' }) }, says: ['p.json', 'runs in a circle', 'p.json → ./q.json → ./p.json'] },
  'a document that extends what is not there': { args: ['profile', 'validate', 'p.json'], files: { 'p.json': profile({}, { extends: 'enabol-mud' }) }, says: ['p.json: extends', 'enabol-mud', 'try       enabol-mid'] },
};

const validateProfile = (sites: object, more: object = {}): Pick<Case, 'args' | 'files'> => ({ args: ['profile', 'validate', 'p.json'], files: { 'p.json': profile(sites, more) } });
const compareWith = (text: string, ...args: string[]): Pick<Case, 'args' | 'files'> => ({ args: ['compare', './e.json', ...args], files: { 'e.json': text } });

const meaning: Record<string, Case> = {
  'a word of one bit': { ...validateProfile({ weight: { wordLength: 1 } }), says: ['p.json: sites.weight.wordLength', '1', 'from 2 to 64'] },
  'a signal of 33 bits': { ...validateProfile({ weight: { wordLength: 33 } }), says: ['p.json: sites.weight.wordLength = 33', '2 to 32 bits (signed signal)'] },
  'a word of 65 bits': { ...validateProfile({ accumulator: { wordLength: 65 } }), says: ['p.json: sites.accumulator.wordLength', '65', 'from 2 to 64'] },
  'an unsigned accumulator of 64 bits': { ...validateProfile({ accumulator: { wordLength: 64, signed: false } }), says: ['p.json: sites.accumulator.wordLength = 64', '2 to 63 bits (unsigned accumulator)'] },
  'a rail outside its format': { ...validateProfile({ weight: { rails: [-8, 12] } }), says: ['p.json: sites.weight.rails[1] = 12', 'at most 7.99609', 'sfix12_En8'] },
  'a rail between two values': { ...validateProfile({ weight: { rails: [-2, 1.001] } }), says: ['p.json: sites.weight.rails[1] = 1.001', 'a multiple of 2^-8'] },
  'a rail of a fallback outside its format': { args: ['profile', 'validate', 'p.json'], files: { 'p.json': profile({ bias: { rails: [-99, 99] } }) }, says: ['sites.layer0.bias.rails[0]', '-99', 'sfix12_En8'] },
  'rails of a site that wraps': { ...validateProfile({ weight: { rails: [-2, 2], overflow: 'WRAP' } }), says: ['p.json: sites.weight.rails belong to SAT and TRAP only', 'WRAP'] },
  'a throttle that cannot hold 1': { ...validateProfile({ throttle: { wordLength: 16, fractionLength: 16, signed: false } }), says: ['p.json: sites.throttle cannot hold 1 exactly', 'ufix16_En16', 'ufix16_En15'] },
  'an exact value past 127 bits': {
    args: ['compare', '--profile', 'p.json'],
    files: { 'p.json': profile({ input: { wordLength: 32, fractionLength: 60 }, weight: { wordLength: 32, fractionLength: -40 }, accumulator: { wordLength: 64, fractionLength: 100 } }) },
    says: ['layer0.accumulator', /could need \d+ bits/, 'at most 127'],
  },
  'a learning rate too large for its format': { ...compareWith(onePhase({ learningRate: 3 })), says: ['./e.json: phases[0].learningRate', 'does not fit its format', '3', '0 to 1.99', 'ufix16_En15', '--set profile.sites.rate.fractionLength=14 --set profile.sites.learningRate.fractionLength=14'] },
  'a learning rate that becomes zero': { ...compareWith(onePhase({ learningRate: '1/1000000' })), says: ['./e.json: phases[0].learningRate', 'becomes zero', '1/1000000', 'at least'] },
  'χ out of range': { args: ['compare', '--set', 'throttle.chi=5'], says: ['--set throttle.chi=5: out of range', '0 to 4'] },
  'a batch larger than the data': { ...compareWith(onePhase({ batch: 21 })), says: ['./e.json: phases[0].batch', '21', 'at most 20 samples, or "all"'] },
  'a batch the target cannot run': { ...compareWith(onePhase({ batch: 5 }), '--set', 'profile.batch.sizes=powerOfTwo'), says: ['./e.json: phases[0].batch', 'enabol-mid cannot run this batch', 'a power of two', 'try       --set'] },
  'steps and epochs': { ...compareWith(onePhase({ epochs: 1 })), says: ['./e.json: phases[0]', 'both', 'one of them'] },
  'a last layer that is not linear': { ...compareWith(experiment({ model: { layers: [{ outputs: 1, activation: 'relu' }] } })), says: ['./e.json: model.layers[0].activation', 'relu', 'linear'] },
  'weights of another shape': { ...compareWith(experiment({ model: { layers: [{ outputs: 1 }], initial: { kind: 'values', layers: [{ weights: [[1, 2, 3]] }] } } })), says: ['./e.json: model.initial.layers[0]', 'wrong shape', '1 rows of 2 weights'] },
  'an initial weight outside its rails': { ...compareWith(experiment({ model: { layers: [{ outputs: 1 }], initial: { kind: 'values', layers: [{ weights: [[0, 9]] }] } } })), says: ['./e.json: model.initial.layers[0].weights[0][1]', '9', 'sfix12_En8'] },
  'outputs that do not fit the targets': { ...compareWith(experiment({ model: { layers: [{ outputs: 2 }] } })), says: ['./e.json: model.layers[0].outputs', '2 outputs', '1, one for each target'] },
  'a teacher whose rows differ in length': { ...compareWith(experiment({ data: { kind: 'teacher', rows: 20, weights: [[1, 2], [3]] } })), says: ['./e.json: data.weights[1]', '2'] },
  'a temperature term without a temperature': { args: ['sensor', 'validate', 's.json'], files: { 's.json': '{"name": "s", "gain": [{"kind": "temperature", "perDegree": 0.1}]}' }, says: ['s.json: gain[0]', 'temperature', 'reference, from, to and steps'] },
  'a channel outside the inputs': { args: ['compare', '--sensor', 's.json'], files: { 's.json': '{"name": "s", "gain": [{"kind": "constant", "value": 2, "channels": [4]}]}' }, says: ['s.json: gain[0].channels[0]', '4', '0 to 3'] },
  'a channel outside the inputs, by an option': { args: ['export', 'c', '-o', 'out', '--set', 'sensor.gain[0].channels=[7]'], says: ['sensor', 'gain[0].channels[0]', '7', '0 to 3'] },
  'a fault by an option': { args: ['compare', '--set', 'experiment.phases.1.batch=1001'], says: ['--set experiment.phases.1.batch=1001: ', 'at most 1000 samples'] },
  'a converter whose full scale is reversed': { args: ['sensor', 'validate', 's.json'], files: { 's.json': '{"name": "s", "adc": {"wordLength": 12, "fullScale": [1, -1]}}' }, says: ['s.json: adc.fullScale', 'low < high'] },
};

const onLog = (log: string | Uint8Array, changes: object = {}): Pick<Case, 'args' | 'files'> => ({ args: ['compare', './e.json'], files: { 'e.json': recorded(changes), 'log.csv': log } });

const data: Record<string, Case> = {
  'a recording that is not there': { args: ['compare', '--data', 'gone.csv', '--inputs', 'a', '--targets', 'y'], says: ['gone.csv', 'no such file'] },
  'a folder as a recording': { args: ['compare', '--data', 'logs', '--inputs', 'a', '--targets', 'y'], files: { 'logs/x': '' }, says: ['logs', 'a directory'] },
  'an empty recording': { ...onLog(''), says: ['log.csv', 'empty', 'a line of headings'] },
  'text in a cell': { ...onLog(withLine(5, '0.1,n/a,0.5')), says: ['log.csv, line 5, column "b"', 'n/a', 'a number such as'] },
  'NaN in a cell': { ...onLog(withLine(7, 'NaN,1,0.5')), says: ['log.csv, line 7, column "a"', 'NaN', 'not a finite decimal number'] },
  'a missing cell': { ...onLog(withLine(9, '0.1,,0.5')), says: ['log.csv, line 9, column "b"', 'empty', '"skip"'] },
  'a ragged row': { ...onLog(withLine(4, '1,2')), says: ['log.csv, line 4', 'another number of cells', 'found     2', 'expected  3'] },
  'a column that is not there': { args: ['compare', '--data', 'log.csv', '--inputs', 'a,bb', '--targets', 'y'], files: { 'log.csv': LOG }, says: ['log.csv, line 1', 'no column "bb"', 'one of "a", "b", "y"'] },
  'a heading that occurs twice': { ...onLog(LOG.replace('a,b,y', 'a,a,y'), { inputs: ['a'] }), says: ['log.csv, line 1', '"a" occurs more than once', 'rename'] },
  'another delimiter': { ...onLog(LOG.replaceAll(',', ';')), says: ['log.csv, line 1', 'no column "a"', '"delimiter"'] },
  'a scaling measured on more rows than there are': { args: ['compare', '--data', 'log.csv', '--inputs', 'a', '--targets', 'y'], files: { 'log.csv': LOG }, says: ['log.csv', 'scaling.rows 365', 'at most 20', '--set experiment.data.scaling.rows=20'] },
  'more lags than rows': { ...onLog(LOG, { lags: 15, ahead: 6 }), says: ['log.csv', '20 rows', 'at least 21 (lags 15 + ahead 6)'] },
  'a binary file': { ...onLog(new Uint8Array([0x89, 0x50, 0, 0, 1])), says: ['log.csv', 'binary', 'export'] },
  'UTF-16 text': { ...onLog(Buffer.from(`\ufeff${LOG}`, 'utf16le')), says: ['log.csv', 'UTF-16', 'save it as UTF-8'] },
  'escape sequences in headings': { ...onLog(LOG.replace('a,b', '\u001b[2Ja,b')), says: ['log.csv, line 1', 'no column "a"', '\\u001b[2Ja'] },
};

const output: Record<string, Case> = {
  'a result into a folder that is missing': { args: ['compare', '-o', 'nowhere/x.json'], says: ['nowhere/x.json', 'the folder is not there'] },
  'a result onto a folder': { args: ['compare', '--json', '-o', 'there'], files: { 'there/x': '' }, says: ['there', 'it is a folder', 'a file in a folder'] },
  'a result below a file': { args: ['profile', 'list', '-o', 'plain/x'], files: { plain: '' }, says: ['plain/x', 'a part of its path is a file'] },
  'a trace into a folder that is missing': { args: ['compare', '--trace', 'nowhere/x.csv'], says: ['nowhere/x.csv', 'the folder is not there'] },
  'a trace of a run that cannot be': { args: ['compare', '--steps', '5', '--trace', 'x.csv', '--set', 'throttle.chi=5', '-o', 'y.txt'], says: ['throttle.chi'] },
  'an export without a folder': { args: ['export', 'c'], says: ["'-o, --output <folder>' not specified"] },
  'an export into a folder that holds something': { args: ['export', 'c', '-o', 'out'], files: { 'out/mine.c': '' }, says: ['out', 'exists already', 'mine.c', '--force'] },
  'an export below a folder that is missing': { args: ['export', 'c', '-o', 'a/b'], says: ['a/b', 'does not exist', 'mkdir -p a'] },
  'an export of two throttles': { args: ['export', 'c', '-o', 'out', '--throttle', 'none,table'], says: ['--throttle', 'none,table', 'one'] },
};

const baselines: Record<string, Case> = {
  'a baseline that is not there': { args: ['check', 'baseline.json'], says: ['baseline.json', 'no such file'] },
  'a document that is no baseline': { args: ['check', 'baseline.json'], files: { 'baseline.json': '{"baseline": 9}' }, says: ['baseline.json: baseline', '1'] },
  'a baseline from standard input': { args: ['baseline', 'record', '-'], stdin: experiment(), says: ['--experiment', 'standard input', 'a path'] },
};

describe.each(Object.entries({ usage, documents, meaning, data, output, baselines }))('%s', (_, cases) => {
  it.concurrent.each(Object.entries(cases))('%s', async (_title, { args, files = {}, stdin, says }) => {
    await inFolder(files, async (folder) => {
      const before = folder.list();
      const { code, stdout, stderr } = await folder.qrails(args, stdin === undefined ? {} : { stdin });
      for (const part of says) expect(stderr).toMatch(part);
      expect(stderr).not.toMatch(/\n\s+at /);
      // Nothing that a terminal acts on.
      expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      expect(stdout).toBe('');
      expect(code).toBe(2);
      expect(folder.list()).toEqual(before);
    });
  });
});
