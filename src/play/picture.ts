/** A run as a picture of its own: what it is, how it ended, its curves. */
import { DARK, declarations, LIGHT } from '../report/html/theme.js';
import { html, Markup, type Content } from '../report/html/markup.js';
import { PICTURES } from '../report/html/pictures.js';
import { plotSvg } from '../report/html/plot.js';
import { figure } from '../compare/figure.js';
import { heading } from '../report/terminal.js';
import type { Played } from './run.js';

const WIDTH = 800;
/** Of a curve with its axes, as plotSvg draws it. */
const PLOT = 250;
const HEAD = 92;
const TITLE = 20;

/** Light; a viewer that wants dark gets it. */
const STYLE = `svg{${declarations(LIGHT)};font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
@media (prefers-color-scheme:dark){svg{${declarations(DARK)}}}
.page{fill:var(--page)}
text{fill:var(--faint)}.title{font-size:17px;font-weight:600;fill:var(--text)}.said{fill:var(--text)}.float-key{fill:var(--float)}.fixed-key{fill:var(--fixed)}
.still{font-size:11px}.grid{stroke:var(--rule)}.mark{stroke:var(--mark);stroke-dasharray:2 3}.marked{fill:var(--mark)}.limit{stroke:var(--alarm);stroke-dasharray:8 4}
path{fill:none;stroke-linejoin:round}.float{stroke:var(--float);stroke-width:1.6}.fixed{stroke:var(--fixed);stroke-width:2;stroke-dasharray:6 3}`;

/** As SVG 1.1, complete in itself: no script, nothing that is loaded. */
export function pictureSvg({ comparison, plan, curves, marks }: Played): string {
  const { plan: of, runs: [run] } = comparison;
  const pictures = [
    { title: 'Loss', svg: plotSvg(curves.loss, PICTURES.loss, marks, 'loss') },
    ...(plan.throttle.law === 'none' ? [] : [{ title: 'Throttle α', svg: plotSvg(curves.alpha, PICTURES.alpha, marks, 'throttle α') }]),
  ];
  const height = HEAD + pictures.length * (PLOT + TITLE);
  const line = (y: number, ...content: Content[]): Markup => html`<text x="14" y="${y}">${content}</text>\n`;
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">
<style>${new Markup(STYLE)}</style>
<rect class="page" width="${WIDTH}" height="${height}"/>
<text class="title" x="14" y="26">${of.title}</text>
${line(46, `${of.profile} · sensor ${of.sensor} · ${heading(run!)}${of.supervisor === 'none' ? '' : ` · supervisor ${of.supervisor}`} · ${of.steps} steps · plan ${run!.planHash.slice(0, 16)}`)}
${line(68, html`<tspan class="float-key">— float64 </tspan><tspan class="said">${run!.verdict.float}, final loss ${figure(run!.float.finalLoss)}</tspan><tspan class="fixed-key" dx="18">- - fixed </tspan><tspan class="said">${run!.verdict.fixed}, final loss ${figure(run!.fixed.finalLoss)}</tspan>`)}
${pictures.map(({ title, svg }, index) => html`<text class="said" x="14" y="${HEAD + index * (PLOT + TITLE) + 12}">${title}</text>
<svg y="${HEAD + index * (PLOT + TITLE) + TITLE}" width="${WIDTH}" height="${PLOT}">${svg}</svg>\n`)}</svg>
`.text;
}
