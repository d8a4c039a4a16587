import { describe, expect, it } from 'vitest';
import { MOST_VALUES, parseAxis, positionOf } from '../../src/map/axis.js';
import { ticksOf } from '../../src/map/ticks.js';

const PATH = 'sensor.gain[0].value';
const parse = (spread: string, count?: number) => parseAxis(`${PATH}=${spread}`, '--y', count);

describe('an axis', () => {
  it('has equal ratios or equal differences, bounds included', () => {
    expect(parse('log:1:4:5')).toEqual({ path: PATH, spacing: 'log', values: [1, 1.41421356237, 2, 2.82842712475, 4] });
    expect(parse('lin:-1:1:5').values).toEqual([-1, -0.5, 0, 0.5, 1]);
    expect(parse('lin:0:0.3:4').values).toEqual([0, 0.1, 0.2, 0.3]);
    expect(parse('log:1e-2:1:41', 3).values).toEqual([0.01, 0.1, 1]);
  });

  it('of a coarser grid lies in that of a finer one', () => {
    const fine = parse('log:0.01:1.99526231497:41').values;
    expect(parse('log:0.01:1.99526231497:5').values).toEqual([0, 10, 20, 30, 40].map((k) => fine[k]));
  });

  it.each([
    ['log:1:4', /is not an axis[^]*PATH=log:FROM:TO:COUNT/], ['', /is not an axis/], ['log:1:4:5:6', /is not an axis/], ['geo:1:4:5', /unknown spacing/],
    ['log:NaN:4:5', /not a number[^]*NaN/], ['log:1:Infinity:5', /not a number/], ['lin:1:1e999:5', /not a number/], ['lin:0x1:4:5', /not a number/], ['lin::4:5', /not a number/],
    ['lin:4:1:5', /not in order/], ['lin:1:1:5', /not in order/], ['log:0:4:5', /above zero/], ['log:-4:-1:5', /above zero/],
    ['lin:1:4:1', /wrong number of values/], ['lin:1:4:1000000000', new RegExp(`wrong number of values[^]*2 to ${MOST_VALUES}`)], ['lin:1:4:-3', /wrong number/], ['lin:1:4:2.5', /wrong number/], ['lin:1:4:NaN', /wrong number/],
    ['lin:1:1.0000000000001:5', /cannot be told apart/],
  ])('refuses %s', (spread, message) => {
    expect(() => parse(spread)).toThrow(message);
    expect(() => parse(spread)).toThrow(/^--y: /);
  });

  it('without a path is none', () => expect(() => parseAxis('=lin:0:1:2', '--x')).toThrow(/is not an axis/));

  it('knows where a value lies', () => {
    expect(positionOf(parse('log:1:4:5'), 2)).toBeCloseTo(2, 12);
    expect(positionOf(parse('lin:-1:1:5'), 0.25)).toBeCloseTo(2.5, 12);
  });

  it.each([
    ['log:0.01:1.99526231497:41', ['0.01', '0.02', '0.05', '0.1', '0.2', '0.5', '1']],
    ['log:1:4:41', ['1', '2', '3', '4']],
    ['log:1e-6:1:9', ['0.000001', '0.00001', '0.0001', '0.001', '0.01', '0.1', '1']],
    ['log:1.2:1.8:3', ['1.2', '1.8']],
    ['lin:8:16:9', ['8', '10', '12', '14', '16']],
    ['lin:-1:1:3', ['-1', '-0.5', '0', '0.5', '1']],
  ])('%s is marked at round values', (spread, labels) => {
    const axis = parse(spread);
    const ticks = ticksOf(axis);
    expect(ticks.map(({ label }) => label).filter((label) => label !== '')).toEqual(labels);
    for (const { at } of ticks) expect(at >= -1e-6 && at <= axis.values.length - 1 + 1e-6).toBe(true);
  });
});
