/** Addresses: what the page writes it reads back, and what others write is believed only where it fits. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { catalogue, type Catalogue } from '../../src/play/catalogue.js';
import { commandOf, withChange } from '../../src/play/command.js';
import { LONGEST_FRAGMENT, LONGEST_SET, MOST_SETS, optionsOf, ownRequest, readFragment, withoutSet, withSet, writeFragment, type Request } from '../../src/play/request.js';
import { inFolder } from '../cli/qrails.js';

let known: Catalogue;
beforeAll(async () => {
  known = await catalogue();
});
const read = (fragment: string): Request => readFragment(fragment, known, 'exp-000c');

describe('addresses', () => {
  it('an experiment as it was shipped needs only its name, and none at all where it is the first', () => {
    for (const { name } of known.experiment) {
      const own = ownRequest(name, known);
      expect(writeFragment(own, known)).toBe(`experiment=${name}`);
      expect(read(`experiment=${name}`)).toEqual(own);
    }
    expect(read('')).toEqual(ownRequest('exp-000c', known));
  });

  it('what is written is read back', () => {
    const name = (entries: readonly { name: string }[]): fc.Arbitrary<string> => fc.constantFrom(...entries.map((entry) => entry.name));
    const setting = fc.tuple(fc.constantFrom('profile.sites.weight.wordLength', 'sensor.gain[0].value', 'throttle.chi', 'anchor.lambda', 'supervisor.margin', 'experiment.phases[1].learningRate'), fc.string({ unit: 'grapheme', maxLength: 40 })).map(([path, value]) => `${path}=${value}`);
    fc.assert(fc.property(name(known.experiment), name(known.profile), name(known.sensor), fc.option(fc.integer({ min: 1, max: 1e6 })), fc.option(fc.nat(2 ** 32 - 1)), fc.array(setting, { maxLength: 8 }), (experiment, profile, sensor, steps, seed, set) => {
      const request: Request = { ...ownRequest(experiment, known), profile, sensor, throttle: 'gt0/trace', anchor: 'event', supervisor: 'cusum', ...(steps !== null && { steps }), ...(seed !== null && { seed }), set };
      expect(read(writeFragment(request, known))).toEqual(request);
    }));
  });

  it.each([
    ['experiment=../../etc/passwd', 'names an experiment that is not here'],
    ['profile=./mine.json', 'names a profile that is not here'],
    ['sensor=__proto__', 'names a sensor that is not here'],
    ['throttle=gt0', 'names a throttle that is not here'],
    ['throttle=gt0/lambda', 'names a throttle that is not here'],
    ['anchor=toString', 'names an anchor that is not here'],
    ['steps=0', 'has steps that cannot be'], ['steps=1e3', 'has steps that cannot be'], ['steps=2000000', 'has steps that cannot be'], ['seed=-1', 'has seed that cannot be'], ['seed=4294967296', 'has seed that cannot be'],
    ['experiment=exp-000c&experiment=stream', 'says experiment more than once'],
    ['data=log.csv', 'says something this page does not know'], ['__proto__=1', 'says something this page does not know'],
    ['set=experiment.data.rows%3D10000000', 'changes what this page does not'], ['set=experiment.model.layers[0].outputs%3D4096', 'changes what this page does not'], ['set=profilex.a%3D1', 'changes what this page does not'],
    [`set=throttle.chi%3D${'1'.repeat(LONGEST_SET)}`, 'has a value that is too long'],
    [Array(MOST_SETS + 1).fill('set=throttle.chi%3D1').join('&'), 'changes too much'],
    ['x'.repeat(LONGEST_FRAGMENT + 1), 'is too long'],
  ])('%.60s is refused: %s', (fragment, message) => {
    expect(() => read(fragment)).toThrow(expect.objectContaining({ name: 'QrailsError', parts: expect.objectContaining({ code: 'usage', where: 'address', message }) }));
  });

  it('whatever stands there, it is read or refused, and what a refusal quotes is printable', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webQueryParameters(), fc.array(fc.tuple(fc.constantFrom('experiment', 'set', 'steps', 'profile'), fc.string({ unit: 'binary' })), { maxLength: 4 }).map((parts) => new URLSearchParams(parts).toString())), (fragment) => {
      try {
        const request = read(fragment);
        expect(known.experiment.map(({ name }) => name)).toContain(request.experiment);
      } catch (error) {
        expect(error).toHaveProperty('name', 'QrailsError');
        expect((error as Error).message).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      }
    }));
  });
});

describe('changes', () => {
  it('a value set again replaces what was set there before; others stay, in order', () => {
    const request = withSet(withSet(ownRequest('exp-000c', known), ['profile.a=1', 'profile.b=2']), ['profile.a=3']);
    expect(request.set).toEqual(['profile.b=2', 'profile.a=3']);
    expect(withoutSet(withSet(request, ['sensor.x=1']), ['profile.']).set).toEqual(['sensor.x=1']);
  });

  it('a prescription changes controllers and values', () => {
    const request = ownRequest('exp-000c', known);
    expect(withChange(request, ['--throttle table', '--anchor event', '--set throttle.firstAlpha=1/32'])).toEqual({ ...request, throttle: 'table', anchor: 'event', set: ['throttle.firstAlpha=1/32'] });
    expect(() => withChange(request, ['--port 1'])).toThrow(RangeError);
  });

  it('the command line that is shown runs the same plan, quoted as a shell needs it', async () => {
    const request = withSet({ ...ownRequest('exp-000c', known), throttle: 'none', steps: 30 }, ["profile.title=it's $HOME `x`", 'sensor.gain[0].value=3', 'profile.sites.weight.rails=[-1,1]']);
    const { runs } = await compare({ ...optionsOf(request), tries: false });
    await inFolder({}, async (folder) => {
      const { stdout, code } = await folder.shell(`${commandOf(request)} --no-tries --json`);
      expect(code).toBe(0);
      expect((JSON.parse(stdout) as { runs: { planHash: string }[] }).runs.map(({ planHash }) => planHash)).toEqual([runs[0]!.planHash]);
    });
  });
});
