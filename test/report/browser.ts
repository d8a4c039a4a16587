/** Chromium without a window, spoken to through a pair of pipes: opens a page, looks at it, and hears what it logs and asks of the network. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
export const CHROMIUM = PLACES.find((path) => existsSync(path));
/** CI needs it to be there. */
export const REQUIRED = process.env['QRAILS_REQUIRE_ORACLES'] === '1';

type Answer = Record<string, unknown>;

export class Browser {
  readonly #child: ChildProcess;
  readonly #folder = mkdtempSync(join(tmpdir(), 'qrails-browser-'));
  readonly #waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  readonly #listeners = new Map<string, ((event: Answer) => void)[]>();
  #id = 0;
  #session: string | undefined;
  /** Errors and warnings of pages, refusals of their policy included. */
  readonly complaints: string[] = [];
  /** Addresses asked for. */
  readonly requests: string[] = [];

  private constructor(path: string) {
    const quiet = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--hide-scrollbars', '--disable-dev-shm-usage'];
    this.#child = spawn(path, [...quiet, `--user-data-dir=${this.#folder}`, '--remote-debugging-pipe', 'about:blank'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    let rest = '';
    (this.#child.stdio[4] as Readable).setEncoding('utf8').on('data', (part: string) => {
      const messages = (rest + part).split('\0');
      rest = messages.pop()!;
      for (const message of messages) this.#hear(JSON.parse(message) as Answer);
    });
    (this.#child.stdio[3] as Writable).on('error', () => undefined);
  }

  static async start(): Promise<Browser> {
    if (CHROMIUM === undefined) throw new Error('no Chromium');
    const browser = new Browser(CHROMIUM);
    const { targetInfos } = await browser.send('Target.getTargets') as { targetInfos: { targetId: string; type: string }[] };
    const { targetId } = targetInfos.find(({ type }) => type === 'page')!;
    browser.#session = (await browser.send('Target.attachToTarget', { targetId, flatten: true }))['sessionId'] as string;
    browser.on('Runtime.exceptionThrown', (event) => browser.complaints.push(JSON.stringify(event)));
    browser.on('Runtime.consoleAPICalled', (event) => browser.complaints.push(JSON.stringify(event)));
    browser.on('Log.entryAdded', (event) => browser.complaints.push(JSON.stringify(event)));
    browser.on('Network.requestWillBeSent', ({ request }) => browser.requests.push((request as { url: string }).url));
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await browser.send(`${domain}.enable`);
    return browser;
  }

  on(event: string, listener: (event: Answer) => void): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }

  send(method: string, params: object = {}): Promise<Answer> {
    const id = ++this.#id;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      (this.#child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...(this.#session !== undefined && { sessionId: this.#session }) })}\0`);
    });
  }

  #hear({ id, method, params, result, error }: Answer): void {
    if (typeof id === 'number') {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) waiting?.reject(new Error(JSON.stringify(error)));
      else waiting?.resolve(result as Answer);
    } else for (const listener of this.#listeners.get(method as string) ?? []) listener(params as Answer);
  }

  /** Opens a file and waits until it is drawn. */
  async open(url: string, { scheme = 'light', width = 1200, height = 900, script = true }: { scheme?: 'light' | 'dark'; width?: number; height?: number; script?: boolean } = {}): Promise<void> {
    await this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
    await this.send('Emulation.setScriptExecutionDisabled', { value: !script });
    const loaded = new Promise<void>((resolve) => this.on('Page.loadEventFired', () => resolve()));
    await this.send('Page.navigate', { url });
    await loaded;
    if (script) await this.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(0))))');
  }

  /** The value of an expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }) as { result: { value: T }; exceptionDetails?: unknown };
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return result.value;
  }

  async key(key: string, code: number): Promise<void> {
    for (const type of ['keyDown', 'keyUp']) await this.send('Input.dispatchKeyEvent', { type, key, windowsVirtualKeyCode: code, ...(type === 'keyDown' && key.length === 1 && { text: key }) });
  }

  async drag(from: readonly [number, number], to: readonly [number, number]): Promise<void> {
    const mouse = (type: string, [x, y]: readonly [number, number]): Promise<Answer> => this.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', buttons: 1, clickCount: 1 });
    await mouse('mousePressed', from);
    await mouse('mouseMoved', [(from[0] + to[0]) / 2, from[1]]);
    await mouse('mouseMoved', to);
    await mouse('mouseReleased', to);
  }

  /** PNG of the whole page, or of what is in view. */
  async screenshot(whole = false): Promise<Buffer> {
    const { data } = await this.send('Page.captureScreenshot', { captureBeyondViewport: whole, ...(whole && { clip: { x: 0, y: 0, scale: 1, ...await this.evaluate<object>('({ width: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight })') } }) });
    return Buffer.from(data as string, 'base64');
  }

  async pdf(): Promise<Buffer> {
    return Buffer.from((await this.send('Page.printToPDF', { printBackground: true }))['data'] as string, 'base64');
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('close', resolve));
    await this.send('Browser.close').catch(() => undefined);
    await gone;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
