/** The page's bits are those of the command line: plans, raws, losses, refusals, exports. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { prepare } from '../../src/compare/prepare.js';
import { catalogue, type Catalogue } from '../../src/play/catalogue.js';
import { exportBundle } from '../../src/export/golden/bundle.js';
import { optionsOf, readFragment } from '../../src/play/request.js';
import { VERSION } from '../../src/version.js';
import { CHROMIUM, REQUIRED, Site, type Opened } from './page.js';

/** Every number system, recordings, controllers, wide words, random rounding. */
const SETTINGS = [
  'experiment=exp-000c',
  'experiment=exp-000c&profile=enabol-tight&throttle=none',
  'experiment=exp-000c&steps=1000&set=profile.sites.weight.wordLength%3D14&set=profile.sites.weight.fractionLength%3D10&set=throttle.chi%3D1.2&set=sensor.gain[0].value%3D2.5',
  'experiment=exp-000c&steps=60&profile=cmsis-q31-lms&throttle=table&set=experiment.phases[0].learningRate%3D0.05&set=experiment.phases[1].learningRate%3D0.05',
  'experiment=exp-000c&steps=80&set=profile.defaults.rounding%3DSTOCHASTIC&set=sensor.noise.standardDeviation%3D0.05&set=profile.sites.gradient.rails%3D[-4,3.5]&seed=7',
  'experiment=stream&steps=600',
  'experiment=relu-4-8-2&steps=300&sensor=gas-array',
  'experiment=anchor-event&steps=400',
  'experiment=supervisor-drift&steps=300',
];

describe.skipIf(CHROMIUM === undefined && !REQUIRED)('in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'qrails-play-'));
  let site: Site;
  let known: Catalogue;
  let opened: Opened;

  beforeAll(async () => {
    [site, known] = [await Site.start(), await catalogue()];
    opened = await site.open();
    await opened.settled();
  });
  afterAll(async () => {
    await opened?.close();
    await site?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const show = async (fragment: string): Promise<void> => {
    await opened.visit(fragment);
    await opened.settled();
  };
  const text = async (id: string): Promise<string> => (await opened.page.textContent(`#${id}`))!;

  it.each(SETTINGS)('%s: plan, final parameters, loss and verdicts are those of compare', async (fragment) => {
    await show(fragment);
    const request = readFragment(fragment, known, 'exp-000c');
    const { runs: [run] } = await compare({ ...optionsOf(request), tries: false });
    expect(await text('plan-hash')).toBe(run!.planHash);
    expect(JSON.parse(await text('final-raws'))).toEqual({ weights: run!.fixed.finalWeightsRaw, biases: run!.fixed.finalBiasesRaw, loss: run!.fixed.finalLossRaw });
    expect([(await text('verdict-float')).trim(), (await text('verdict-fixed')).trim()]).toEqual([run!.verdict.float, run!.verdict.fixed]);
    expect(await opened.page.$$eval('#why li', (items) => items.map((item) => item.textContent))).toEqual(run!.verdict.why);
  });

  it('what cannot be is refused in the words of the command line, and what was shown stays', async () => {
    await show(SETTINGS[0]!);
    const before = await text('plan-hash');
    for (const assignment of ['profile.sites.weight.wordLength=1', 'profile.sites.wieght.wordLength=12', 'profile.sites.weight.rails=[-1,1000]', 'throttle.chi=9', 'sensor.gain[0].kind=stepp', 'sensor.gain[0].value="4"', 'profile.sites.throttle.fractionLength=16']) {
      const refusal: unknown = await prepare({ experiment: 'exp-000c', throttle: ['gt0/secant'], anchor: ['none'], set: [assignment] }).then(() => undefined, (error: unknown) => error);
      await opened.visit(`experiment=exp-000c&set=${encodeURIComponent(assignment)}`);
      const said = opened.page.locator('#refusal strong');
      const parts = (refusal as { parts: { where: string; message: string } }).parts;
      await said.filter({ hasText: parts.message }).waitFor();
      expect(await said.textContent()).toBe(`${parts.where}: ${parts.message}`);
      expect(await text('plan-hash')).toBe(before);
    }
  });

  it('every shipped experiment, target and sensor gives the plan of the command line, or its refusal', async () => {
    const fragments = [
      ...known.experiment.map(({ name }) => `experiment=${name}&steps=30`),
      ...known.profile.map(({ name }) => `experiment=exp-000c&steps=25&profile=${name}`),
      ...known.sensor.map(({ name }) => `experiment=exp-000c&steps=25&sensor=${name}`),
    ];
    for (const fragment of fragments) {
      const planned = await prepare(optionsOf(readFragment(fragment, known, 'exp-000c'))).then(({ variants }) => variants[0]!.hash, (error: Error) => error.message.split('\n')[0]!);
      await opened.visit(fragment);
      await opened.until(([wanted]) => [document.getElementById('plan-hash'), document.querySelector('#refusal:not([hidden]) strong')].some((element) => element?.textContent === wanted), [planned]);
    }
  });

  it('exports run the same plan, and the header is that of export c', async () => {
    const fragment = 'experiment=exp-000c&throttle=gt0%2Ftrace&steps=70&set=profile.sites.weight.wordLength%3D13&set=sensor.gain[0].value%3D3&set=throttle.chi%3D1.25&seed=9';
    await show(fragment);
    const take = async (what: string): Promise<{ name: string; bytes: Buffer }> => {
      const [download] = await Promise.all([opened.page.waitForEvent('download'), opened.page.click(`[data-export=${what}]`)]);
      const path = join(folder, download.suggestedFilename());
      await download.saveAs(path);
      return { name: path, bytes: readFileSync(path) };
    };
    const experiment = await take('experiment');
    for (const what of ['profile', 'sensor']) await take(what);
    const { runs } = await compare({ experiment: experiment.name, throttle: ['gt0/trace'], anchor: ['none'], tries: false });
    expect(runs[0]!.planHash).toBe(await text('plan-hash'));

    const request = readFragment(fragment, known, 'exp-000c');
    const prepared = await prepare(optionsOf(request));
    const [variant] = prepared.variants;
    const header = await take('header');
    const { files } = await exportBundle(variant!.plan, prepared.dataset, {
      name: 'qrails_plan', title: prepared.experiment.title!, experiment: 'exp-000c', profile: 'enabol-mid', sensor: 'step-gain-4', throttle: 'gt0/trace', anchor: 'none',
      planHash: variant!.hash, toolVersion: VERSION, singleHeader: true,
    });
    expect(header.bytes.toString()).toBe(files['qrails_plan.h']);

    const picture = (await take('picture')).bytes.toString();
    expect(picture).toContain(runs[0]!.planHash.slice(0, 16));
    expect(picture.match(/<path class="(float|fixed)" d="M/g)).toHaveLength(4);
    const png = (await take('png')).bytes;
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(png.readUInt32BE(16)).toBe(1600);
    writeFileSync(join(folder, 'kept.png'), png);
  });

  it('nothing complained', () => {
    expect(opened.complaints).toEqual([]);
  });
});
