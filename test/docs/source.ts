/** Markdown pages of the repository, and the blocks in them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from '../cli/qrails.js';

/** Everything a reader is sent to. */
export const PAGES: readonly string[] = [
  'README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md', 'bench/README.md', 'examples/vitest/README.md', 'examples/data/README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`).sort(),
];

/** What may stand behind the fence. */
export const LANGUAGES = ['sh', 'console', 'ts', 'js', 'json', 'c', 'python', 'text', 'yaml', 'html'];

export interface Block {
  readonly language: string;
  readonly text: string;
  /** Of the fence, from 1. */
  readonly line: number;
  /** Comments before it: `file: NAME` is { file: 'NAME' }. */
  readonly marks: Readonly<Record<string, string>>;
}

export function parse(markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split('\n');
  let marks: Record<string, string> = {};
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    const comment = /^<!-- (file|output|needs|in full|not run)(?:: (.*))? -->$/.exec(line);
    const fence = /^```(.*)$/.exec(line);
    if (comment) marks[comment[1]!] = comment[2] ?? '';
    else if (fence) {
      const end = lines.indexOf('```', index + 1);
      if (end < 0) throw new Error(`line ${index + 1}: a block without an end`);
      blocks.push({ language: fence[1]!.trim(), text: `${lines.slice(index + 1, end).join('\n')}\n`, line: index + 1, marks });
      index = end;
      marks = {};
    } else if (line.trim() !== '') marks = {};
  }
  return blocks;
}

/** TypeScript as JavaScript. */
export const transpileSource = (text: string): string =>
  ts.transpileModule(text, { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true } }).outputText;

/** What the compiler finds wrong with pieces of TypeScript that import the package, by name. */
export function typeErrors(pieces: Readonly<Record<string, string>>): string[] {
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, target: ts.ScriptTarget.ES2022, lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'], types: ['node'],
    strict: true, skipLibCheck: true, noEmit: true,
  };
  // In the root, the package finds itself by its name.
  const paths = Object.fromEntries(Object.entries(pieces).map(([name, text]) => [join(ROOT, `${name.replace(/[^\w]/g, '_')}.mts`), { name, text }]));
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    getCurrentDirectory: () => ROOT,
    fileExists: (file) => file in paths || disk.fileExists(file),
    readFile: (file) => paths[file]?.text ?? disk.readFile(file),
    getSourceFile: (file, ...rest) => (paths[file] ? ts.createSourceFile(file, paths[file].text, ts.ScriptTarget.ES2022) : disk.getSourceFile(file, ...rest)),
  };
  const program = ts.createProgram(Object.keys(paths), options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const place = file && start !== undefined ? `${paths[file.fileName]?.name ?? file.fileName}, line ${file.getLineAndCharacterOfPosition(start).line + 1} of the block: ` : '';
    return `${place}${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}
