/** The page in Chromium: drawn, dragged, reached by keyboard, readable in light and dark, silent on the network, deaf to hostile addresses. */
import axe from 'axe-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM, REQUIRED, Site } from './page.js';

const HOSTILE = ['<img src=x onerror=alert(1)>', '"><script>alert(1)</script>', "javascript:alert(1)//'", '__proto__', '\u202egnp.exe', '{{constructor.constructor("alert(1)")()}}'];

describe.skipIf(CHROMIUM === undefined && !REQUIRED)('in Chromium', () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.start();
  });
  afterAll(() => site?.close());

  it('asks for its own files and nothing else, and complains of nothing', async () => {
    const { complaints, requests, still, close } = await site.open();
    await still();
    expect(complaints).toEqual([]);
    const asked = new Set(requests.filter((url) => !url.startsWith('data:')).map((url) => new URL(url)));
    expect(asked.size).toBeGreaterThan(3);
    for (const { origin } of asked) expect(`${origin}/`).toBe(site.serving.url);
    await close();
  });

  it.each([['light', 1440, 900], ['dark', 1440, 900], ['light', 400, 800], ['dark', 760, 900]] as const)('has no fault of accessibility in %s, %i pixels wide', async (colorScheme, width, height) => {
    const { page, complaints, still, close } = await site.open('experiment=exp-000c&throttle=none', { colorScheme, viewport: { width, height } });
    await still();
    await page.evaluate(() => document.querySelectorAll('details').forEach((one) => (one.open = true)));
    await page.evaluate(axe.source);
    const faults = await page.evaluate(async () => (await (window as unknown as { axe: typeof axe }).axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`));
    expect(faults).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    expect(complaints).toEqual([]);
    await close();
  });

  it('every control is reached by Tab in the order of the page with a visible focus, and arrows drag', async () => {
    const { page, settled, still, close } = await site.open();
    await still();
    const count = await page.evaluate(() => {
      const controls = [...document.querySelectorAll<HTMLElement>('a[href],button,summary,select,input,[tabindex="0"]')].filter((element) => element.checkVisibility());
      Object.assign(window, { controls });
      return controls.length;
    });
    expect(count).toBeGreaterThan(50);
    for (let index = 0; index < count; index++) {
      await page.keyboard.press('Tab');
      const [reached, outline] = await page.evaluate(() => [(window as unknown as { controls: Element[] }).controls.indexOf(document.activeElement!), parseFloat(getComputedStyle(document.activeElement!).outlineWidth)] as const);
      expect(reached).toBe(index);
      expect(outline).toBeGreaterThanOrEqual(1);
    }
    await page.focus('[id="control-layer0.weight.wordLength"]');
    await page.keyboard.press('ArrowRight');
    await settled();
    expect(await page.textContent('#command')).toContain('--set profile.sites.weight.wordLength=13');
    expect(await page.textContent('#site-format')).toContain('sfix13_En8');
    await page.focus('#plot-loss');
    await page.keyboard.press('Home');
    expect(await page.textContent('#readout-loss')).toMatch(/^step 0: float64 1\.57\d*, fixed 1\.57\d*$/);
    await page.keyboard.press('End');
    expect(await page.textContent('#readout-loss')).toMatch(/^step 119:/);
    await close();
  });

  it('a prescription is applied by its button, and does what it says', async () => {
    const { page, settled, still, close } = await site.open('experiment=exp-000c&throttle=none');
    await still();
    await page.click('#tries li:has-text("gt0/trace") button');
    await settled();
    expect(await page.inputValue('#throttle')).toBe('gt0/trace');
    expect((await page.textContent('#verdict-fixed'))!.trim()).toBe('survives');
    await close();
  });

  it('what is shown stands in the address, and comes back from it; a change of target forgets the formats of the other', async () => {
    const first = await site.open();
    await first.settled();
    await first.page.selectOption('#profile', 'enabol-tight');
    await first.page.fill('[aria-label="γ gain: value"]', '2.5');
    await first.page.keyboard.press('Enter');
    await first.page.click('#sites button:has-text("layer0.gradient") >> nth=1');
    await first.page.selectOption('[id="control-layer0.gradient.rounding"]', 'RND_CONV');
    await first.settled();
    await first.until(() => location.hash.includes('RND_CONV'), []);
    const [address, hash] = [new URL(first.page.url()).hash.slice(1), await first.page.textContent('#plan-hash')];
    expect(address).toBe('experiment=exp-000c&profile=enabol-tight&set=sensor.gain%5B0%5D.value%3D2.5&set=profile.sites.gradient.rounding%3DRND_CONV');
    const second = await site.open(address);
    await second.settled();
    expect(await second.page.textContent('#plan-hash')).toBe(hash);
    expect(await second.page.inputValue('[aria-label="γ gain: value"]')).toBe('2.5');
    await second.page.selectOption('#profile', 'enabol-wide');
    await second.settled();
    expect(await second.page.textContent('#command')).not.toContain('RND_CONV');
    await Promise.all([first.close(), second.close()]);
  });

  it('goes where it is sent, though the address of what was shown before is written at the same moment', async () => {
    const { page, settled, close } = await site.open();
    await settled();
    await page.evaluate(() => {
      const before = location.hash;
      location.hash = 'experiment=exp-000c&steps=50';
      history.replaceState(null, '', before);
    });
    await page.locator('#timing', { hasText: ', 50 steps' }).waitFor();
    await close();
  });

  it('follows a drag: the newest value wins, and every one in between leaves curves that move', async () => {
    const { page, complaints, settled, close } = await site.open('experiment=exp-000c&steps=1000');
    await settled();
    const drawn = await page.evaluate(async () => {
      const range = document.getElementById('control-layer0.weight.fractionLength') as HTMLInputElement;
      const canvas = document.querySelector<HTMLCanvasElement>('#plot-loss canvas')!;
      const pictures = new Set<string>();
      // Until enough has been seen to move, or it takes too long: other work of the machine may slow it down.
      const end = performance.now() + 20_000;
      for (let frame = 0; pictures.size <= 5 && performance.now() < end; frame++) {
        range.value = String(2 + (frame % 8));
        range.dispatchEvent(new Event('input', { bubbles: true }));
        await new Promise((next) => requestAnimationFrame(next));
        pictures.add(canvas.toDataURL());
      }
      range.value = '9';
      range.dispatchEvent(new Event('input', { bubbles: true }));
      return pictures.size;
    });
    expect(drawn).toBeGreaterThan(5);
    await settled();
    expect(await page.textContent('#site-format')).toContain('sfix12_En9');
    const hash = await page.textContent('#plan-hash');
    const again = await site.open('experiment=exp-000c&steps=1000&set=profile.sites.weight.fractionLength%3D9');
    await again.settled();
    expect(await again.page.textContent('#plan-hash')).toBe(hash);
    expect(complaints).toEqual([]);
    await Promise.all([close(), again.close()]);
  });

  it('30 frames a second: what the page does between two frames takes less than there is', async () => {
    const { page, still, close } = await site.open('experiment=exp-000c&steps=1000');
    await still();
    const devtools = await page.context().newCDPSession(page);
    // Time of the thread, not of the clock: the machine may have other things to do.
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
    const busy = async (): Promise<number> => (await devtools.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration')!.value * 1000;
    const before = await busy();
    const frames = await page.evaluate(async () => {
      const range = document.getElementById('control-throttle.chi') as HTMLInputElement;
      const end = performance.now() + 2000;
      let count = 0;
      while (performance.now() < end) {
        range.value = String(1 + 0.5 * Math.sin(count++ / 10));
        range.dispatchEvent(new Event('input', { bubbles: true }));
        await new Promise((next) => requestAnimationFrame(next));
      }
      return count;
    });
    expect((await busy() - before) / frames).toBeLessThan(1000 / 30);
    await close();
  });

  it('hostile addresses run nothing, change nothing that is not to be changed, and are told as text', async () => {
    const { page, complaints, settled, close } = await site.open();
    await settled();
    const addresses = HOSTILE.flatMap((text) => ['experiment', 'profile', 'throttle', 'steps', 'set', text].map((key) => new URLSearchParams({ [key]: text }).toString()));
    const settings = HOSTILE.flatMap((text) => [`profile.title=${text}`, `profile.sites.${text}.wordLength=3`, `sensor.title=${text}`, `experiment.phases[0].name=${text}`, `experiment.title=${text}`]);
    for (const address of [...addresses, ...settings.map((set) => new URLSearchParams({ set }).toString()), 'set=' + 'x'.repeat(9000), Array(80).fill('set=throttle.chi%3D1').join('&'), '%E0%A4%A', 'experiment.data.rows=9']) {
      await page.evaluate((hash) => (location.hash = hash), address);
      await page.waitForTimeout(15);
    }
    await page.evaluate(() => (location.hash = 'set=experiment.data.rows%3D10000000'));
    await page.locator('#refusal strong', { hasText: 'changes what this page does not' }).waitFor();
    await page.evaluate(() => (location.hash = new URLSearchParams({ set: 'profile.title=<img src=x onerror=alert(1)>' }).toString()));
    await settled();
    for (const what of ['picture', 'png', 'header', 'profile']) await Promise.all([page.waitForEvent('download'), page.click(`[data-export=${what}]`)]);
    expect(complaints).toEqual([]);
    expect(await page.$$eval('img, script:not([src]), iframe, object', (elements) => elements.length)).toBe(0);
    await close();
  });

  it('a run that would take too long is refused, and one that is under way is given up for the next', async () => {
    const { page, settled, visit, close } = await site.open('experiment=exp-000c&steps=1000000', {}, () => {
      const heard: string[] = [];
      Object.assign(window, {
        heard,
        Worker: class extends Worker {
          constructor(...parameters: ConstructorParameters<typeof Worker>) {
            super(...parameters);
            this.addEventListener('message', ({ data: { kind } }: MessageEvent<{ kind: string }>) => heard.push(kind));
          }
        },
      });
    });
    await page.locator('#refusal strong', { hasText: 'too long for a page' }).waitFor();
    for (const steps of [100_000, 100_001, 100_002, 50]) await visit(`experiment=exp-000c&steps=${steps}`);
    await settled();
    expect(await page.textContent('#timing')).toContain(', 50 steps');
    const heard = await page.evaluate(() => (window as unknown as { heard: string[] }).heard);
    expect(heard).toContain('stopped');
    expect(heard.filter((kind) => kind === 'done')).toHaveLength(1);
    await close();
  });
});
