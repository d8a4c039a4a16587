/** The report of a stability map: its areas in numbers, its picture, and its cells. */
import { figure, percent } from '../../compare/figure.js';
import type { MapThrottle, StabilityMap } from '../../schema/map.js';
import { VERSION } from '../../version.js';
import { NONE } from '../terminal.js';
import { htmlDocument } from './document.js';
import { counted } from './figures.js';
import { mapSection } from './maps.js';
import { html, island, type Markup } from './markup.js';
import { wide } from './table.js';

type Areas = 'divergedShare' | 'stalledShare';

/** Of this map, and over its draws where there are some. */
function share({ draws, ...throttle }: MapThrottle, area: Areas): string {
  const own = percent(throttle[area]);
  if (!draws) return own;
  const { mean, min, max } = draws[area];
  return `${own}; over ${draws.count} draws ${percent(mean)} (${percent(min)} to ${percent(max)})`;
}

const areaSection = ({ throttles, theory }: StabilityMap): Markup => html`<section aria-labelledby="areas"><h2 id="areas">Where is it stable?</h2>
${wide('Areas', {
  caption: 'Shares of the cells that ran; refused: of all cells',
  head: ['throttle', 'diverged', 'stalled', 'refused', 'smallest final loss', 'why refused'],
  rows: throttles.map((throttle) => {
    const losses = throttle.cells.flatMap(({ finalLoss }) => (finalLoss === null ? [] : [finalLoss]));
    return [throttle.name, share(throttle, 'divergedShare'), share(throttle, 'stalledShare'), percent(throttle.refusedShare), losses.length === 0 ? NONE : figure(losses.reduce((a, b) => Math.min(a, b))), throttle.refusal ?? NONE];
  }),
})}
<p>${theory ? `Theory: plain gradient descent diverges above η·λmax = ${theory.limit}, in ${percent(theory.share)} of the cells.` : 'There is no line of theory: more than one layer, or batches that are not all rows.'}</p>
</section>\n`;

/**
 * A stability map as a page. The same map gives the same bytes.
 *
 * @example writeFileSync('map.html', renderMapReport(await stabilityMap({ grid: 21 })))
 */
export function renderMapReport(map: StabilityMap): string {
  const { plan, x, y, numbers } = map;
  return htmlDocument({
    title: `${plan.title}, map`, heading: plan.title, first: 'the areas',
    facts: [
      ['experiment', html`${plan.experiment}, ${counted(plan.steps)} steps, seed ${plan.seed}, diverged above a loss of ${figure(plan.divergedLoss)}`],
      ['numbers', numbers === 'fixed' ? html`fixed point, on ${plan.profile}` : html`float64, with the constants of ${plan.profile}`],
      ['sensor', plan.sensor], ['anchor', plan.anchor],
      ['across', html`<code>${x.path}</code>, ${x.values.length} values from ${figure(x.values[0]!)} to ${figure(x.values.at(-1)!)}, ${x.spacing}`],
      ['upwards', html`<code>${y.path}</code>, ${y.values.length} values from ${figure(y.values[0]!)} to ${figure(y.values.at(-1)!)}, ${y.spacing}`],
      ['plans', html`<code>${plan.hash}</code>`],
    ],
    contents: [['areas', 'Areas'], ['maps', 'Map'], ['about', 'About this report']],
    main: [areaSection(map), mapSection([map]), html`<section aria-labelledby="about"><h2 id="about">About this report</h2>
<p>Made by qrails ${VERSION}. The same plans give the same bits, and this page, on every machine. Every cell is a run of its own. All data stands in this file as JSON, in <code>#qrails-maps</code>.</p>
</section>\n`],
    islands: island('qrails-maps', [map]),
  });
}
