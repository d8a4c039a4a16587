/** Controls: what each assigns is what the plan then holds, for every shipped experiment. */
import { beforeAll, describe, expect, it } from 'vitest';
import { prepare, prepareFrom, readDocuments, type Prepared } from '../../src/compare/prepare.js';
import { QrailsError } from '../../src/errors.js';
import { catalogue, type Catalogue } from '../../src/play/catalogue.js';
import { controllerControls, learningRates, positionOf, POSITIONS, roundingEverywhere, sensorControls, siteControls, siteKeysOf, valueAt, type Control, type Slider } from '../../src/play/controls.js';
import { optionsOf, ownRequest, withSet } from '../../src/play/request.js';
import { list } from '../../src/document/catalogue.js';
import type { Plan } from '../../src/schema/plan.js';

let known: Catalogue;
beforeAll(async () => {
  known = await catalogue();
});

const controlsOf = (plan: Plan, site: string): Control[] => [...learningRates(plan), ...controllerControls(plan), ...sensorControls(plan), ...siteControls(plan, site), roundingEverywhere(plan)];
const sliders = (controls: readonly Control[]): Slider[] => controls.filter((control) => control.kind === 'slider');

describe('controls', () => {
  it.each(list('experiment'))('%s: dragging any control changes what it says, or is refused in words', async (experiment) => {
    const own = ownRequest(experiment, known);
    const documents = await readDocuments({ experiment, profile: own.profile, sensor: own.sensor });
    const first = await prepareFrom(documents, { ...optionsOf(own), steps: 20 });
    const planned = async (assignments: string[]): Promise<Plan> => (await prepareFrom(documents, { ...optionsOf(withSet(own, assignments)), steps: 20 }, first.dataset)).variants[0]!.plan;
    const { plan } = first.variants[0]!;
    for (const site of ['layer0.weight', 'loss', 'squaredNorm']) {
      for (const control of controlsOf(plan, site)) {
        if (control.kind === 'choice') {
          const choice = control.choices.find((one) => one !== control.value && one !== 'mixed');
          if (choice === undefined) continue;
          const after = await planned(control.assign(choice));
          expect(controlsOf(after, site).find(({ id }) => id === control.id)).toMatchObject({ value: choice });
          continue;
        }
        for (const share of [0.25, 0.5, 0.9]) {
          const top = control.scale === 'log' ? POSITIONS : control.maximum;
          const bottom = control.scale === 'log' ? 0 : control.minimum;
          const position = control.scale === 'log' || control.step === 1 ? Math.round(bottom + share * (top - bottom)) : bottom + Math.round((share * (top - bottom)) / control.step) * control.step;
          const value = valueAt(control, position);
          try {
            const after = sliders(controlsOf(await planned(control.assign(value)), site)).find(({ id }) => id === control.id)!;
            expect(after.value, control.id).toBeCloseTo(value, 10);
          } catch (error) {
            if (!(error instanceof QrailsError)) throw error;
          }
        }
      }
    }
  });

  it('positions and values of a slider belong together, over its whole range', async () => {
    const { plan } = (await prepare({ experiment: 'exp-000c', throttle: ['gt0/secant'], anchor: ['event'], supervisor: 'rollback' })).variants[0]!;
    const all = sliders([...learningRates(plan), ...controllerControls(plan), ...sensorControls(plan), ...siteControls(plan, 'layer0.weight')]);
    expect(all.length).toBeGreaterThan(20);
    for (const control of all) {
      for (let k = 0; k <= 20; k++) {
        const position = control.scale === 'log' ? k * 20 : control.step === 1 ? Math.round(control.minimum + ((control.maximum - control.minimum) * k) / 20) : control.minimum + Math.round(((control.maximum - control.minimum) * k) / 20 / control.step) * control.step;
        const value = valueAt(control, position);
        expect(value).toBeGreaterThanOrEqual(control.minimum - 0.01 * Math.abs(control.minimum));
        expect(value).toBeLessThanOrEqual(1.01 * control.maximum);
        if (control.step !== 1 || control.scale === 'linear') expect(Math.abs(positionOf(control, value) - position), `${control.id} at ${position}`).toBeLessThanOrEqual(control.scale === 'log' ? 1 : 1e-9);
      }
    }
  });

  it('rails that are narrower than a format stay where they were when it changes', async () => {
    const one = async (set: string[]): Promise<Prepared> => prepare({ experiment: 'exp-000c', throttle: ['none'], anchor: ['none'], set: withSet(ownRequest('exp-000c', known), set).set });
    const start = ['profile.sites.weight.rails=[-2,3.5]'];
    const { plan } = (await one(start)).variants[0]!;
    const [wordLength, fractionLength] = siteControls(plan, 'layer0.weight') as [Slider, Slider];
    const finer = (await one([...start, ...fractionLength.assign(9)])).variants[0]!.plan.sites['layer0.weight']!;
    expect(finer.rails.map((raw) => Number(raw) / 2 ** 9)).toEqual([-2, 3.5]);
    const shorter = (await one([...start, ...wordLength.assign(10)])).variants[0]!.plan.sites['layer0.weight']!;
    expect(shorter.rails).toEqual(['-512', '511']);
    const rails = siteControls(plan, 'layer0.weight').filter(({ id }) => id.includes('rail')) as Slider[];
    expect(rails.map(({ value }) => value)).toEqual([16, 28]);
    for (const wrap of ['WRAP', 'TRAP']) {
      const overflow = siteControls(plan, 'layer0.weight').find(({ id }) => id.endsWith('overflow'))!;
      const wrapped = (await prepare(optionsOf(withSet(withSet(ownRequest('exp-000c', known), start), (overflow as Extract<Control, { kind: 'choice' }>).assign(wrap))))).variants[0]!.plan.sites['layer0.weight']!;
      expect(wrapped.overflow).toBe(wrap);
    }
  });

  it('every site of a network with two layers can be chosen, each layer for itself', async () => {
    const { plan } = (await prepare({ experiment: 'relu-4-8-2', throttle: ['none'], anchor: ['none'], steps: 5 })).variants[0]!;
    expect(siteKeysOf(plan)).toEqual(expect.arrayContaining(['layer0.weight', 'layer1.weight', 'loss']));
    const [wordLength] = siteControls(plan, 'layer1.weight') as [Slider];
    expect(wordLength.assign(20)).toEqual(['profile.sites.layer1.weight.wordLength=20']);
  });
});
