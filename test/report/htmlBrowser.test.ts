/** The page in Chromium: drawn, reachable by keyboard, readable in light, dark and on paper, silent on the network, deaf to hostile text. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stabilityMap } from '../../src/map/map.js';
import { renderMapReport } from '../../src/report/html/mapPage.js';
import { pageScripts, renderReport, type ReportInput } from '../../src/report/html/page.js';
import { renderSweepReport } from '../../src/report/html/sweepPage.js';
import { writeTables } from '../../src/sweep/tables.js';
import { madeResults, madeSpace } from '../sweep/made.js';
import { audit } from './audit.js';
import { Browser, CHROMIUM, REQUIRED } from './browser.js';
import { HOSTILE, hostile, smallInput } from './made.js';

describe.skipIf(CHROMIUM === undefined && !REQUIRED)('in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'qrails-report-'));
  let browser: Browser;
  let input: ReportInput;
  let page: string;
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return pathToFileURL(path).href;
  };

  beforeAll(async () => {
    const maps = [await stabilityMap({ throttle: ['none'], steps: 50, x: 'experiment.phases[0].learningRate=log:0.01:1:4', y: 'sensor.gain[0].value=log:1:4:4', float: true })];
    input = { ...await smallInput(), maps };
    page = file('page.html', renderReport(input));
    browser = await Browser.start();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    browser.complaints.length = browser.requests.length = 0;
  });

  /** Pixels of a picture that have one of the colours of the page, by name. */
  const pixels = (id: string, colour: string): Promise<number> => browser.evaluate(`(() => {
    const canvas = document.querySelector('#${id} canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const wanted = getComputedStyle(document.documentElement).getPropertyValue('--${colour}').trim().slice(1).match(/../g).map((part) => parseInt(part, 16));
    let count = 0;
    for (let k = 0; k < data.length; k += 4) if (data[k + 3] > 200 && wanted.every((value, c) => Math.abs(value - data[k + c]) < 12)) count++;
    return count;
  })()`);

  it.each(['light', 'dark'] as const)('draws every curve in %s without a complaint, and asks for nothing but the file', async (scheme) => {
    await browser.open(page, { scheme });
    expect(browser.complaints).toEqual([]);
    const pictures = await browser.evaluate<string[]>('[...document.querySelectorAll("figure.picture")].map(({ id }) => id)');
    expect(pictures.length).toBeGreaterThan(6);
    for (const id of pictures) for (const colour of ['float', 'fixed', 'mark']) expect(await pixels(id, colour), `${id} ${colour}`).toBeGreaterThan(20);
    expect(await browser.evaluate('document.querySelector("main img").naturalWidth')).toBeGreaterThan(100);
    expect([...new Set(browser.requests)].filter((url) => !url.startsWith('data:'))).toEqual([page]);
  });

  it.each([['light', 1200], ['dark', 1200], ['light', 400], ['dark', 700]] as const)('has no fault of accessibility in %s, %i pixels wide, everything unfolded', async (scheme, width) => {
    await browser.open(page, { scheme, width });
    await browser.evaluate('document.querySelectorAll("details").forEach((one) => (one.open = true))');
    expect(await browser.evaluate(`(${String(audit)})()`)).toEqual([]);
  });

  /** What axe finds, of any severity. */
  const axeFaults = async (): Promise<string[]> => {
    await browser.evaluate(`${axe.source};0`);
    return browser.evaluate<string[]>('axe.run().then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`))');
  };

  describe.each(['comparison', 'map', 'sweep'] as const)('the page of a %s', (kind) => {
    let url: string;
    beforeAll(async () => {
      const space = madeSpace({ objectives: [{ measure: 'finalLoss', goal: 'minimise' }, { measure: 'survives', goal: 'maximise' }, { measure: 'stalledShare', goal: 'minimise' }] });
      const made = { comparison: () => renderReport(input), map: () => renderMapReport(input.maps![0]!), sweep: async () => renderSweepReport(await writeTables(folder, space, madeResults(space.runs), ['csv'])) };
      url = file(`${kind}.html`, await made[kind]());
    });

    it.each([['light', 1200], ['dark', 1200], ['light', 400], ['dark', 700]] as const)('has no fault that axe finds in %s, %i pixels wide, folded or not, and asks for nothing', async (scheme, width) => {
      await browser.open(url, { scheme, width });
      expect(browser.complaints).toEqual([]);
      expect([...new Set(browser.requests)].filter((asked) => !asked.startsWith('data:'))).toEqual([url]);
      expect(await axeFaults()).toEqual([]);
      await browser.evaluate('document.querySelectorAll("details").forEach((one) => (one.open = true))');
      expect(await axeFaults()).toEqual([]);
      expect(await browser.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    });

    it('has the numbers behind every picture', async () => {
      await browser.open(url);
      const without = '[...document.querySelectorAll("main figure")].filter((figure) => !figure.querySelector("table")).map(({ outerHTML }) => outerHTML.slice(0, 100))';
      expect(await browser.evaluate('document.querySelectorAll("main figure").length')).toBeGreaterThan(0);
      expect(await browser.evaluate(without)).toEqual([]);
    });
  });

  it('the audit finds faults where there are some', async () => {
    await browser.open(page);
    await browser.evaluate(`document.querySelector('main').insertAdjacentHTML('beforeend', '<h6>x</h6><button></button><img src="data:,"><svg></svg><table><tr><th>a</th></tr></table><p id="about"><font color="#999999">pale</font></p>')`);
    const rules = (await browser.evaluate<string[]>(`(${String(audit)})()`)).map((fault) => fault.split(/[: ]/)[0]);
    for (const rule of ['heading-order', 'name', 'image-alt', 'svg-img-alt', 'table', 'duplicate-id', 'color-contrast']) expect(rules).toContain(rule);
  });

  it('every control is reached by Tab, in the order of the page, with a visible focus', async () => {
    await browser.open(page);
    const focusable = await browser.evaluate<number>(`(window.controls = [...document.querySelectorAll('a[href],button,summary,[tabindex="0"]')].filter((element) => element.checkVisibility())).length`);
    expect(focusable).toBeGreaterThan(60);
    for (let index = 0; index < focusable; index++) {
      await browser.key('Tab', 9);
      const [reached, outline] = await browser.evaluate<[number, number]>('[controls.indexOf(document.activeElement), parseFloat(getComputedStyle(document.activeElement).outlineWidth)]');
      expect(reached).toBe(index);
      expect(outline).toBeGreaterThanOrEqual(2);
    }
  });

  it('zooms by keys, buttons and mouse, all pictures of a run together and no other, and shows all steps again', async () => {
    await browser.open(page);
    const readout = (id: string): Promise<string> => browser.evaluate(`document.querySelector('#${id} .readout').textContent`);
    const picture = (id: string): Promise<string> => browser.evaluate(`document.querySelector('#${id} canvas').toDataURL()`);
    const [loss, error, other] = ['picture-0-loss', 'picture-0-weightError', 'picture-1-loss'];
    const whole = { loss: await picture(loss), error: await picture(error), other: await picture(other) };
    const focus = (): Promise<unknown> => browser.evaluate(`document.querySelector('#${loss} .plot').focus()`);
    const changed = async (): Promise<boolean[]> => {
      await browser.evaluate('new Promise((done) => setTimeout(done, 50))');
      return [await picture(loss) !== whole.loss, await picture(error) !== whole.error, await picture(other) !== whole.other];
    };

    await focus();
    await browser.key('Home', 36);
    expect(await readout(loss)).toMatch(/^step 0: float64 [\d.]+, fixed [\d.]+$/);
    expect(await browser.evaluate('document.querySelector("[role=status]").textContent')).toBe(await readout(loss));
    await browser.key('ArrowRight', 39);
    await browser.key('ArrowRight', 39);
    expect(await readout(loss)).toMatch(/^step 2:/);
    await browser.key('End', 35);
    expect(await readout(loss)).toMatch(/^step 59:/);
    const last = input.runs[0]!.curves.loss.values[1]!.at(-1)!;
    expect(await readout(loss)).toContain(`fixed ${Number(last.toPrecision(6))}`);

    await browser.key('+', 187);
    expect(await changed()).toEqual([true, true, false]);
    await browser.key('0', 48);
    expect(await changed()).toEqual([false, false, false]);

    const button = (action: string): Promise<unknown> => browser.evaluate(`document.querySelector('#${error} [data-zoom=${action}]').click()`);
    await button('in');
    await button('back');
    expect(await changed()).toEqual([true, true, false]);
    await button('reset');
    expect(await changed()).toEqual([false, false, false]);

    const box = await browser.evaluate<{ x: number; y: number; width: number }>(`(() => { const over = document.querySelector('#${loss} .u-over'); over.scrollIntoView({ block: 'center', behavior: 'instant' }); const { x, y, width } = over.getBoundingClientRect(); return { x, y, width }; })()`);
    await browser.drag([box.x + 0.3 * box.width, box.y + 50], [box.x + 0.6 * box.width, box.y + 60]);
    expect(await changed()).toEqual([true, true, false]);
    await focus();
    await browser.key('Escape', 27);
    expect(await changed()).toEqual([false, false, false]);
    expect(browser.complaints).toEqual([]);
  });

  it('is readable without a script: drawings in place of canvases, no dead buttons', async () => {
    await browser.open(page, { script: false });
    const { root } = await browser.send('DOM.getDocument') as { root: { nodeId: number } };
    const count = async (selector: string): Promise<number> => ((await browser.send('DOM.querySelectorAll', { nodeId: root.nodeId, selector }))['nodeIds'] as number[]).length;
    expect(await count('canvas')).toBe(0);
    expect(await count('figure.picture > svg.still path.fixed[d^="M"]')).toBe(await count('figure.picture'));
    expect(await count('[hidden] button, button[hidden]')).toBe(await count('button'));
  });

  it('goes on paper in light colours, with drawings', async () => {
    await browser.open(page, { scheme: 'dark' });
    await browser.send('Emulation.setEmulatedMedia', { media: 'print', features: [{ name: 'prefers-color-scheme', value: 'dark' }] });
    expect(await browser.evaluate('getComputedStyle(document.documentElement).color')).toBe('rgb(27, 31, 36)');
    expect(await browser.evaluate('[...document.querySelectorAll(".picture")].every((one) => one.querySelector(".still").checkVisibility() && !one.querySelector("canvas").checkVisibility())')).toBe(true);
    await browser.send('Emulation.setEmulatedMedia', { media: '' });
    expect((await browser.pdf()).subarray(0, 5).toString()).toBe('%PDF-');
  });

  it('no hostile text runs, or becomes an element', async () => {
    await browser.open(page);
    const shape = 'JSON.stringify([...document.querySelectorAll("*")].map((one) => one.tagName + [...one.attributes].map(({ name }) => " " + name).join("")))';
    const [own, scripts] = [await browser.evaluate<string>(shape), pageScripts().length + 4];
    for (const [index, text] of HOSTILE.entries()) {
      await browser.open(file(`hostile${index}.html`, renderReport({ ...hostile(input, text), maps: input.maps!.map((map) => ({ ...map, plan: { ...map.plan, title: text, experiment: text, profile: text, sensor: text }, throttles: map.throttles.map((one) => ({ ...one, name: text })) })) })));
      expect(await browser.evaluate('typeof hacked')).toBe('undefined');
      expect(await browser.evaluate('document.scripts.length')).toBe(scripts);
      expect(await browser.evaluate('[...document.querySelectorAll("*")].some((one) => [...one.attributes].some(({ name, value }) => name.startsWith("on") || /^(src|href)$/.test(name) && !/^(#|data:)/.test(value)))')).toBe(false);
      expect(await browser.evaluate<string>(shape)).toBe(own);
      expect(browser.complaints).toEqual([]);
    }
    expect(browser.requests.filter((url) => !/^(file:\/\/.*\/(page|hostile\d)\.html|data:.*)$/.test(url))).toEqual([]);
  });

  it('the policy stops a script that got in all the same', async () => {
    await browser.open(file('injected.html', renderReport(input).replace('<main', '<img src="x" onerror="hacked=1"><script>hacked=1</script><main')));
    expect(await browser.evaluate('typeof hacked')).toBe('undefined');
    expect(browser.complaints.length).toBeGreaterThan(0);
  });
});
