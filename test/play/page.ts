/** The built page, served as `qrails play` serves it, in Chromium. */
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { serve, type Serving } from '../../src/play/server.js';
import { siteFiles } from '../../src/play/site.js';
import { CHROMIUM } from '../report/browser.js';

export { CHROMIUM, REQUIRED } from '../report/browser.js';

/** A page and what it did. */
export interface Opened {
  readonly page: Page;
  /** Errors and warnings, refusals of the policy included. */
  readonly complaints: string[];
  /** Addresses asked for. */
  readonly requests: string[];
  /** Waits until the page shows what it says it shows. */
  readonly settled: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export class Site {
  private constructor(readonly serving: Serving, private readonly browser: Browser) {}

  static async start(): Promise<Site> {
    return new Site(await serve(await siteFiles()), await chromium.launch({ executablePath: CHROMIUM!, args: ['--no-sandbox', '--disable-gpu'] }));
  }

  /** @param fragment what stands behind # */
  async open(fragment = '', options: BrowserContextOptions = {}): Promise<Opened> {
    const context = await this.browser.newContext({ viewport: { width: 1440, height: 900 }, acceptDownloads: true, ...options });
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
    const settled = async (): Promise<void> => {
      await page.waitForFunction(() => {
        const shows = document.getElementById('results')?.dataset['shows'];
        return shows !== undefined && shows === document.getElementById('command')?.textContent;
      }, undefined, { timeout: 90_000 });
    };
    return { page, complaints, requests, settled, close: () => context.close() };
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.serving.close();
  }
}
