/** The built page, served as `qrails play` serves it, in Chromium. */
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { serve, type Serving } from '../../src/play/server.js';
import { siteFiles } from '../../src/play/site.js';
import { CHROMIUM } from '../report/browser.js';

export { CHROMIUM, REQUIRED } from '../report/browser.js';

/** For whatever is waited for, on a machine that has other things to do. */
const PATIENCE_MS = 100_000;

/** A page and what it did. */
export interface Opened {
  readonly page: Page;
  /** Errors and warnings, refusals of the policy included. */
  readonly complaints: string[];
  /** Addresses asked for. */
  readonly requests: string[];
  /** Waits until something is so; asks by the clock, since a busy machine draws few frames. */
  readonly until: <Args extends readonly unknown[]>(so: (args: Args) => boolean, args: Args) => Promise<void>;
  /** Waits until the page shows what it says it shows. */
  readonly settled: () => Promise<void>;
  /** Waits until prescriptions were looked for, too: nothing on the page moves any more. */
  readonly still: () => Promise<void>;
  /** Goes to what stands behind #, and returns when the page has read it. */
  readonly visit: (fragment: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

export class Site {
  private constructor(readonly serving: Serving, private readonly browser: Browser) {}

  static async start(): Promise<Site> {
    return new Site(await serve(await siteFiles()), await chromium.launch({ executablePath: CHROMIUM!, args: ['--no-sandbox', '--disable-gpu'] }));
  }

  /**
   * @param fragment what stands behind #
   * @param first what the page runs before anything of its own
   */
  async open(fragment = '', options: BrowserContextOptions = {}, first?: () => void): Promise<Opened> {
    const context = await this.browser.newContext({ viewport: { width: 1440, height: 900 }, acceptDownloads: true, ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    if (first) await context.addInitScript(first);
    const page = await context.newPage();
    const [complaints, requests]: [string[], string[]] = [[], []];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    context.on('request', (request) => requests.push(request.url()));
    await page.goto(`${this.serving.url}${fragment === '' ? '' : `#${fragment}`}`);
    const until: Opened['until'] = async (so, args) => {
      await page.waitForFunction(so as never, args, { polling: 50 });
    };
    const settled = (): Promise<void> => until(() => {
      const shows = document.getElementById('results')?.dataset['shows'];
      return shows !== undefined && shows === document.getElementById('command')?.textContent;
    }, []);
    const still = async (): Promise<void> => {
      await settled();
      await until(() => document.querySelector('#try:not(.waiting)') !== null, []);
    };
    const visit = (fragment: string): Promise<void> => page.evaluate((hash) => new Promise<void>((read) => {
      const before = location.hash;
      addEventListener('hashchange', () => setTimeout(read), { once: true });
      location.hash = hash;
      if (location.hash === before) read();
    }), fragment);
    return { page, complaints, requests, until, settled, still, visit, close: () => context.close() };
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.serving.close();
  }
}
