/** Serves the page to this machine and no other. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { QrailsError } from '../errors.js';
import { POLICY } from './policy.js';

const LOOPBACK = '127.0.0.1';
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.wasm': 'application/wasm',
};
const HEADERS = {
  'Content-Security-Policy': `${POLICY}; frame-ancestors 'none'`,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  'Cache-Control': 'no-cache',
};

export interface Serving {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  readonly port: number;
  /** Ends every connection. */
  close(): Promise<void>;
}

/**
 * Serves files from memory on 127.0.0.1. Paths are looked up as they are, so none leads out; requests for another host (a foreign name that was made
 * to point here) are refused.
 *
 * @param files content by plain file name; `/` is `index.html`
 * @param port 0: one that is free
 * @throws QrailsError `usage` where the port cannot be had
 */
export async function serve(files: Readonly<Record<string, Uint8Array>>, port = 0): Promise<Serving> {
  const server = createServer((request, response) => answer(request, response, files, [LOOPBACK, 'localhost'].map((host) => `${host}:${at()}`)));
  const at = (): number => (server.address() as { port: number }).port;
  await new Promise<void>((listening, failed) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      failed(new QrailsError({ code: 'usage', where: '--port', message: 'this port cannot be had', found: `${port} (${code})`, expected: 'a port that is free, from 1024 on', try: 'leave --port out' })));
    server.listen(port, LOOPBACK, listening);
  });
  return {
    url: `http://${LOOPBACK}:${at()}/`, port: at(),
    close: () => new Promise((closed) => {
      server.close(() => closed());
      server.closeAllConnections();
    }),
  };
}

function answer({ method, url = '', headers: { host = '' } }: IncomingMessage, response: ServerResponse, files: Readonly<Record<string, Uint8Array>>, hosts: readonly string[]): void {
  const end = (status: number, headers: Record<string, string | number>, content: Uint8Array | string): void => {
    response.writeHead(status, { ...HEADERS, ...headers });
    response.end(method === 'HEAD' ? undefined : content);
  };
  const refuse = (status: number, text: string, headers = {}): void => end(status, { 'Content-Type': 'text/plain; charset=utf-8', ...headers }, `${text}\n`);
  if (!hosts.includes(host)) return refuse(421, 'not this host');
  if (method !== 'GET' && method !== 'HEAD') return refuse(405, 'read only', { Allow: 'GET, HEAD' });
  const [path = ''] = url.split(/[?#]/, 1);
  const name = path === '/' ? 'index.html' : path.slice(1);
  const content = Object.hasOwn(files, name) ? files[name] : undefined;
  if (content === undefined) return refuse(404, 'no such file');
  return end(200, { 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream', 'Content-Length': content.byteLength }, content);
}
