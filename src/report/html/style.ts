/** The page's own style, for screens in light and dark and for paper. System fonts: nothing is loaded. */
import { VERDICTS } from '../../compare/thresholds.js';
import { DARK, declarations, LIGHT } from './theme.js';
import { verdictClass } from './verdicts.js';

export const STYLE = `
:root{color-scheme:light dark;${declarations(LIGHT)}}
@media (prefers-color-scheme:dark){:root{${declarations(DARK)}}}
@media print{:root{color-scheme:light;${declarations(LIGHT)}}}
*{box-sizing:border-box}
[hidden]{display:none!important}
html{font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;background:var(--page);color:var(--text)}
body{margin:0 auto;padding:0 1.25rem 4rem;max-width:76rem;overflow-wrap:anywhere}
.skip{position:absolute;left:-100rem}
.skip:focus{left:1rem;top:1rem;z-index:2;background:var(--page);padding:.5rem 1rem}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
a{color:var(--link)}
h1{font-size:1.9rem;line-height:1.2;margin:1.5rem 0 .25rem}
h2{font-size:1.45rem;margin:2.75rem 0 .5rem;padding-top:.75rem;border-top:2px solid var(--rule)}
h3{font-size:1.12rem;margin:1.75rem 0 .5rem}
h4{font-size:1rem;margin:0}
p,ul,dl{margin:.4rem 0;max-width:62rem}
code,pre{font:.86em/1.45 ui-monospace,"Cascadia Mono","DejaVu Sans Mono",Menlo,Consolas,monospace}
pre{background:var(--panel);padding:.75rem;margin:0;white-space:pre-wrap}
header dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}
dt{color:var(--faint)}
dd{margin:0}
.words{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;list-style:none;padding:0}
.verdict{display:inline-flex;gap:.4em;align-items:center;vertical-align:bottom;font-weight:650;white-space:nowrap;color:var(--text)}
.verdict svg{fill:currentColor;flex:none}
.verdict .cut{fill:none;stroke:var(--page);stroke-width:1.8}
${VERDICTS.map((verdict) => `.${verdictClass(verdict)}{color:var(--${verdict.replace(' ', '-')})}`).join('\n')}
.wide{overflow-x:auto;margin:.5rem 0}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;margin:.5rem 0;overflow-wrap:normal;min-width:min(100%,34rem)}
caption{text-align:left;color:var(--faint);padding-bottom:.35rem;max-width:62rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .9rem .3rem 0;border-bottom:1px solid var(--rule)}
thead th{color:var(--faint);font-weight:600;vertical-align:bottom}
tbody th{font-weight:600}
td ul{margin:0;padding-left:1rem}
.numbers{font-size:.8rem;white-space:nowrap}
.sites td,.sites small{white-space:nowrap}
small{font-weight:400;color:var(--faint)}
details{margin:.5rem 0}
summary{cursor:pointer;color:var(--link);width:fit-content}
details .wide{max-height:24rem;overflow:auto}
.tries{padding-left:1.1rem}
.tries li{margin-bottom:.75rem}
.command{display:flex;gap:.6rem;align-items:flex-start;margin-top:.25rem}
.command code{background:var(--panel);padding:.3rem .6rem;border-radius:.25rem}
button{font:inherit;font-size:.85rem;color:var(--text);background:var(--panel);border:1px solid var(--faint);border-radius:.3rem;padding:.15rem .6rem;min-width:2rem;min-height:1.75rem;flex:none;white-space:nowrap;cursor:pointer}
figure{margin:1.5rem 0;padding:0}
img{max-width:100%;height:auto}
figcaption p{margin:.1rem 0;color:var(--faint);font-size:.9rem}
.legend span{margin-right:1.25rem;color:var(--text)}
.still{width:100%;height:auto;font-size:11px}
svg text{fill:var(--faint)}
path.float,path.fixed{fill:none;stroke-linejoin:round}
path.float{stroke:var(--float);stroke-width:1.6}
path.fixed{stroke:var(--fixed);stroke-width:2;stroke-dasharray:6 3}
.grid,.base{stroke:var(--rule);stroke-width:1}
.mark{stroke:var(--mark);stroke-width:1;stroke-dasharray:2 3}
svg .marked{fill:var(--mark)}
.limit{stroke:var(--alarm);stroke-width:1;stroke-dasharray:8 4}
.plot{width:100%}
.plot .u-select{background:var(--link);opacity:.2}
.controls{display:flex;flex-wrap:wrap;gap:.35rem 1rem;align-items:center}
.controls button{margin-right:.35rem}
.readout{font-size:.9rem;font-variant-numeric:tabular-nums}
.said{color:var(--faint);font-size:.9rem}
.track{fill:var(--panel);stroke:var(--rule)}
.below{fill:var(--fixed)}
.above{fill:var(--alarm)}
.taken{fill:var(--bar)}
.on-rail{fill:var(--alarm)}
.bin{fill:var(--bar)}
.zeros{fill:var(--faint)}
.rail{stroke:var(--alarm);stroke-width:1.5}
.rail.low{stroke-dasharray:3 2}
.heat{fill:var(--alarm)}
.front,.bars{width:100%;max-width:62rem;height:auto;font-size:12px}
.of-verdict{fill:currentColor;stroke:var(--page);stroke-width:1}
.of-front{fill:var(--bar);stroke:var(--page);stroke-width:1}
.best{fill:var(--fixed);stroke:var(--text);stroke-width:1.5}
.map{font-size:12px}
.quiet{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
@media screen{.drawn .still{display:none}}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
@media print{
html{font-size:10.5pt;background:none}
body{max-width:none;padding:0}
nav,button,.live,.skip{display:none!important}
.wide{overflow:visible}
.sites{font-size:7pt}
.sites svg{width:70px;height:auto}
th,td{padding-right:.5rem}
h2,h3,h4{break-after:avoid}
figure,tr{break-inside:avoid}
a{color:inherit}
}
`;
