// Builds the live page into dist/play/site: the host of the command line and the core, for the browser. The same input gives the same files.
// Needs dist (npm run build:host) and build (npm run build:core).
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { parse } from 'csv-parse/sync';
import { build } from 'vite';
import { DOCUMENT_KINDS, list, resolve as locate } from '../dist/document/catalogue.js';
import { BUILDS } from '../dist/core/load.js';
import { VERDICTS } from '../dist/compare/thresholds.js';
import { catalogue } from '../dist/play/catalogue.js';
import { DARK, declarations, LIGHT } from '../dist/report/html/theme.js';
import { verdictBadge, verdictClass } from '../dist/report/html/verdicts.js';
import { SCHEMAS } from '../dist/schema/index.js';
import { POLICY } from '../dist/play/policy.js';
import { VERSION } from '../dist/version.js';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const BROWSER = join(PACKAGE, 'src/play/browser');

/** Modules that another one stands in for. */
const INSTEAD = Object.fromEntries(Object.entries({
  'src/core/bytes.ts': 'bytes', 'src/document/package.ts': 'package', 'src/document/text.ts': 'text', 'src/signal/csv.ts': 'csv', 'src/signal/npy.ts': 'npy',
}).map(([own, other]) => [join(PACKAGE, own), join(BROWSER, `${other}.ts`)]));
const INSTEAD_OF_PACKAGES = Object.fromEntries(Object.entries({ 'node:crypto': 'crypto', 'node:os': 'os', 'node:path': 'path', 'node:zlib': 'zlib', ajv: 'ajv' })
  .map(([own, other]) => [own, join(BROWSER, `${other}.ts`)]));

/** Documents as they are, without the space in them. */
function files() {
  const texts = DOCUMENT_KINDS.flatMap((kind) => list(kind).map((name) => {
    const { label, path } = locate(kind, name, PACKAGE);
    return [`/${label}`, JSON.stringify(JSON.parse(readFileSync(path, 'utf8')))];
  }));
  const folder = 'examples/data';
  const recordings = readdirSync(join(PACKAGE, folder)).filter((name) => name.endsWith('.csv')).sort().map((name) => {
    const [headings, ...rows] = parse(readFileSync(join(PACKAGE, folder, name), 'utf8'), { bom: true, trim: true, skip_empty_lines: true });
    const columns = headings.flatMap((heading, k) => {
      const cells = rows.map((row) => (row[k] === '' ? null : Number(row[k])));
      return cells.some(Number.isNaN) ? [] : [[heading, cells]];
    });
    return [`/${folder}/${name}`, Object.fromEntries(columns)];
  });
  return `export const FILES = ${JSON.stringify(Object.fromEntries(texts))};\nexport const RECORDINGS = ${JSON.stringify(Object.fromEntries(recordings))};\n`;
}

/** A schema in which parts that occur more than once stand once. Branches of a union stay where they are: messages are told by their place. */
function hoisted(schema) {
  const counts = new Map();
  const bare = ({ description: _, ...rest }) => rest;
  const worth = (part) => part.type === 'object' || (part.type === 'array' && part.items?.anyOf);
  const slots = (part, visit) => {
    for (const key of ['properties', 'patternProperties']) for (const [name, inner] of Object.entries(part[key] ?? {})) visit(inner, (other) => (part[key][name] = other));
    if (part.items && !Array.isArray(part.items)) visit(part.items, (other) => (part.items = other));
    for (const branch of [...(part.anyOf ?? []), ...(Array.isArray(part.items) ? part.items : [])]) slots(branch, visit);
  };
  const count = (part) => slots(part, (inner) => {
    const text = JSON.stringify(bare(inner));
    counts.set(text, (counts.get(text) ?? 0) + 1);
    count(inner);
  });
  const copy = structuredClone(schema);
  count(copy);
  const definitions = {};
  const places = new Map();
  const replace = (part) => slots(part, (inner, put) => {
    const text = JSON.stringify(bare(inner));
    if (!worth(inner) || counts.get(text) === 1) return replace(inner);
    if (!places.has(text)) {
      const name = `part${places.size}`;
      places.set(text, name);
      definitions[name] = bare(inner);
      replace(definitions[name]);
    }
    put({ $ref: `#/definitions/${places.get(text)}` });
  });
  replace(copy);
  return { ...copy, definitions };
}

/** Validators as code: the page's policy lets nobody make code from text. */
function validators() {
  const parts = DOCUMENT_KINDS.map((kind, index) => {
    const ajv = new Ajv({ verbose: true, inlineRefs: false, strictTypes: false, strictTuples: false, code: { source: true, esm: true } });
    const code = standalone.default(ajv, ajv.compile(hoisted(SCHEMAS[kind])))
      .replaceAll(/const (\w+) = require\("(.+?)"\)\.default;/g, (_, name, from) => `import ${name}Module from '${from}.js'; const ${name} = ${name}Module.default ?? ${name}Module;`);
    return { id: `virtual:qrails/validator${index}`, schema: SCHEMAS[kind].$id, code };
  });
  const all = `${parts.map(({ id }, k) => `import v${k} from '${id}';`).join('\n')}\nexport const VALIDATORS = { ${parts.map(({ schema }, k) => `${JSON.stringify(schema)}: v${k}`).join(', ')} };\n`;
  return { ...Object.fromEntries(parts.map(({ id, code }) => [id, code])), 'virtual:qrails/validators': all };
}

/** The report's colours and verdicts. */
const theme = () => `:root{color-scheme:light dark;${declarations(LIGHT)}}
@media (prefers-color-scheme:dark){:root{${declarations(DARK)}}}
${VERDICTS.map((verdict) => `.${verdictClass(verdict)}{color:var(--${verdict.replace(' ', '-')})}`).join('\n')}
`;

async function virtualModules() {
  return {
    'virtual:qrails/files': files(),
    ...validators(),
    'virtual:qrails/catalogue': `export const CATALOGUE = ${JSON.stringify(await catalogue())};\n`,
    'virtual:qrails/theme.css': theme(),
  };
}

function qrails(modules) {
  return {
    name: 'qrails',
    enforce: 'pre',
    async resolveId(source, importer) {
      if (Object.hasOwn(modules, source) || source === 'virtual:qrails/core') return `\0${source}`;
      if (Object.hasOwn(INSTEAD_OF_PACKAGES, source)) return INSTEAD_OF_PACKAGES[source];
      if (source.startsWith('node:')) return `\0${source}`;
      if (!source.endsWith('.js') || importer === undefined || importer.startsWith(BROWSER)) return undefined;
      const found = join(dirname(importer), source.replace(/\.js$/, '.ts'));
      if (found === join(PACKAGE, 'src/version.ts')) return '\0virtual:qrails/version';
      return INSTEAD[found];
    },
    async load(id) {
      // What is left of Node may be imported, but not used: see generateBundle.
      if (id.startsWith('\0node:')) return Object.keys(await import(id.slice(1))).filter((name) => name !== 'default').map((name) => `export const ${name} = undefined;`).join('\n');
      if (id === '\0virtual:qrails/version') return `export const VERSION = ${JSON.stringify(VERSION)};\n`;
      if (id !== '\0virtual:qrails/core') return id.startsWith('\0virtual:qrails/') ? modules[id.slice(1)] : undefined;
      const urls = [BUILDS.scalar, BUILDS.simd].map((file) => {
        const reference = this.emitFile({ type: 'asset', name: file, source: readFileSync(join(PACKAGE, 'build', file)) });
        return `${JSON.stringify(file)}: import.meta.ROLLUP_FILE_URL_${reference}`;
      });
      return `export const CORE_URLS = { ${urls.join(', ')} };\n`;
    },
    generateBundle(_, bundle) {
      for (const { modules: used = {} } of Object.values(bundle)) {
        for (const [id, { renderedExports }] of Object.entries(used)) {
          if (id.startsWith('\0node:') && renderedExports.length > 0) throw new Error(`${renderedExports.join(', ')} of ${id.slice(1)} is used, which no browser has`);
        }
      }
    },
    transformIndexHtml: (html) => html
      .replace('<!-- policy -->', `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`)
      .replace('<!-- verdicts -->', VERDICTS.map((verdict) => `<template id="${verdictClass(verdict)}">${verdictBadge(verdict).text}</template>`).join('\n')),
  };
}

/** Node's globals, where the host uses them. */
const inject = { Buffer: [join(BROWSER, 'buffer.ts'), 'Buffer'], setImmediate: [join(BROWSER, 'globals.ts'), 'setImmediate'], 'process': [join(BROWSER, 'globals.ts'), 'process'] };

const modules = await virtualModules();
const names = { assetFileNames: '[name]-[hash][extname]', chunkFileNames: '[name]-[hash].js', entryFileNames: '[name]-[hash].js' };
await build({
  configFile: false,
  root: join(PACKAGE, 'src/play/page'),
  base: './',
  publicDir: false,
  logLevel: 'warn',
  plugins: [qrails(modules)],
  build: {
    outDir: join(PACKAGE, 'dist/play/site'), emptyOutDir: true, assetsDir: '', assetsInlineLimit: 0, modulePreload: false, target: 'es2022',
    rolldownOptions: { output: names, transform: { inject } },
  },
  worker: { format: 'es', plugins: () => [qrails(modules)], rolldownOptions: { output: names, transform: { inject } } },
});
process.stdout.write(`${readdirSync(join(PACKAGE, 'dist/play/site')).map((file) => basename(file)).sort().join(' ')}\n`);
