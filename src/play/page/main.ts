/** The page: choices and drags become a request, requests become runs, runs become curves. The request stands in the address. */
import { CATALOGUE } from 'virtual:qrails/catalogue';
import 'virtual:qrails/theme.css';
import { figure } from '../../compare/figure.js';
import { QrailsError, type ErrorParts } from '../../errors.js';
import { apName, formatName, rawToReal } from '../../format/format.js';
import { concernText } from '../../report/concerns.js';
import { commandOf, withChange } from '../command.js';
import { controllerControls, learningRates, roundingEverywhere, sensorControls, siteControls, siteKeysOf, type Control } from '../controls.js';
import { ownRequest, readFragment, withSet, writeFragment, type Request } from '../request.js';
import type { Curves, Played } from '../run.js';
import { Chart } from './chart.js';
import { byId, h, setText } from './dom.js';
import { Engine } from './engine.js';
import { addExports } from './exports.js';
import { Panel } from './panel.js';
import { showAnswer, SiteTable } from './results.js';
import { Setup } from './setup.js';
import './style.css';

const FIRST_EXPERIMENT = 'exp-000c';
const FIRST_SITE = 'layer0.weight';
/** After so much rest the address is written and the verdict is spoken. */
const REST_MS = 250;

/** How long a button says what it did. */
const SAID_MS = 1500;

let request: Request;
let played: Played | undefined;
let chosenSite = FIRST_SITE;
/** What was wrong with the address, until something else is chosen. */
let misread: ErrorParts | undefined;
let rest: ReturnType<typeof setTimeout> | undefined;

const charts = {
  loss: new Chart(byId('plot-loss'), byId('readout-loss'), { scale: 'log', height: 300, marked: true }),
  alpha: new Chart(byId('plot-alpha'), byId('readout-alpha'), { scale: 'linear', height: 150 }),
  margin: new Chart(byId('plot-margin'), byId('readout-margin'), { scale: 'linear', height: 150, limit: { at: 2, label: 'unstable above 2' } }),
} as const satisfies Partial<Record<keyof Curves, Chart>>;
const chartEntries = Object.entries(charts) as [keyof typeof charts, Chart][];

const change = (make: (request: Request) => Request): void => show(make(request));
const assign = (assignments: string[]): void => change((before) => withSet(before, assignments));
const setup = new Setup(byId('setup'), CATALOGUE, change);
const panels = { learner: new Panel(byId('learner'), assign), parameters: new Panel(byId('parameters'), assign), sensor: new Panel(byId('sensor-controls'), assign), site: new Panel(byId('site-controls'), assign), modes: new Panel(byId('modes'), assign) };
const siteSelect = h('select', { id: 'site' });
byId('site-choice').append(h('div', { class: 'control' }, h('label', { for: 'site' }, 'site'), siteSelect));
const table = new SiteTable(choose);
siteSelect.addEventListener('change', () => choose(siteSelect.value));

const engine = new Engine({
  part: (curves) => chartEntries.forEach(([name, chart]) => chart.showPart(curves[name])),
  done: (result, of, milliseconds) => {
    played = result;
    byId('results').classList.remove('stale');
    byId('refusal').hidden = misread === undefined;
    showRun(milliseconds);
    if (of !== request) return;
    showControls();
    byId('results').dataset['shows'] = commandOf(of);
  },
  tried: ({ comparison: { runs: [run] } }, of) => {
    if (of !== request || !run) return;
    byId('try').classList.remove('waiting');
    byId('try-none').hidden = run.verdict.try.length > 0;
    byId('tries').replaceChildren(...run.verdict.try.map(({ why, effect, change: options }) => {
      const button = h('button', { type: 'button' }, 'Apply');
      button.addEventListener('click', () => change((before) => withChange(before, options)));
      return h('li', {}, `${why}: `, h('strong', {}, effect), ` (${options.join(' ')})`, button);
    }));
  },
  refused: (error, of) => {
    if (of === request) refuse(error);
  },
});

/** Runs a request and shows it wherever it stands. */
function show(next: Request): void {
  request = next;
  misread = undefined;
  delete byId('results').dataset['shows'];
  byId('try').classList.add('waiting');
  setup.show(request, played?.comparison.plan);
  setText(byId('command'), commandOf(request));
  engine.run(request);
  clearTimeout(rest);
  rest = setTimeout(() => history.replaceState(null, '', `#${writeFragment(request, CATALOGUE)}`), REST_MS);
}

function showRun(milliseconds: number): void {
  const { comparison, plan, curves, marks } = played!;
  const [run] = comparison.runs;
  for (const [name, chart] of chartEntries) chart.show(curves[name], name === 'loss' ? marks : [], name === 'loss' ? curves.means : undefined);
  setText(byId('means'), curves.means ? `, and its mean over every ${curves.means.every} steps` : '');
  const [throttled, estimated] = [plan.throttle.law !== 'none', curves.margin.steps.length > 0];
  byId('figure-alpha').hidden = !throttled;
  byId('figure-margin').hidden = !estimated;
  byId('figure-alpha').classList.toggle('alone', !estimated);
  showAnswer(played!);
  table.show(run!, plan.sites);
  setText(byId('title'), `${comparison.plan.title} · ${comparison.plan.profile} · sensor ${comparison.plan.sensor}`);
  setText(byId('plan-hash'), run!.planHash);
  setText(byId('timing'), `${Math.round(milliseconds)} ms, ${comparison.plan.steps} steps in float64 and fixed point`);
  setText(byId('final-raws'), JSON.stringify({ weights: run!.fixed.finalWeightsRaw, biases: run!.fixed.finalBiasesRaw, loss: run!.fixed.finalLossRaw }));
  byId('concerns-section').hidden = comparison.concerns.length === 0;
  byId('concerns').replaceChildren(...comparison.concerns.map((concern) => h('li', {}, h('strong', {}, concern.severity), ` ${concernText(concern)}`)));
}

function showControls(): void {
  const { comparison, plan } = played!;
  setup.show(request, comparison.plan);
  const controllers = controllerControls(plan);
  const first = (control: Control): boolean => control.id === 'throttle.chi';
  panels.learner.show([...learningRates(plan), ...controllers.filter(first)]);
  const others = controllers.filter((control) => !first(control));
  panels.parameters.show(others);
  byId('more').hidden = others.length === 0;
  panels.sensor.show(sensorControls(plan));
  setText(byId('sensor-note'), plan.phases.some(({ sensor }) => sensor) ? '' : 'No phase of this experiment has the sensor on.');
  showSite();
  setText(byId('spoken'), `float64 ${comparison.runs[0]!.verdict.float}, fixed ${comparison.runs[0]!.verdict.fixed}`);
}

function showSite(): void {
  const { plan } = played!;
  const keys = siteKeysOf(plan);
  if (!keys.includes(chosenSite)) chosenSite = FIRST_SITE;
  if (siteSelect.options.length !== keys.length || keys.some((key, k) => siteSelect.options[k]!.value !== key)) siteSelect.replaceChildren(...keys.map((key) => h('option', { value: key }, key)));
  siteSelect.value = chosenSite;
  const format = plan.sites[chosenSite]!;
  const [low, high] = format.rails.map((raw) => figure(rawToReal(BigInt(raw), format.fractionLength)).replace('-', '−'));
  setText(byId('site-format'), `${formatName(format)} · ${apName(format)} · last place ${figure(2 ** -format.fractionLength)} · ${low} … ${high}`);
  panels.site.show(siteControls(plan, chosenSite));
  panels.modes.show([roundingEverywhere(plan)]);
  table.choose(chosenSite);
}

function choose(key: string): void {
  chosenSite = key;
  if (played) showSite();
}

/** Says what is wrong, and leaves what was shown before, dimmed. */
function refuse({ where, message, found, expected, try: repair }: ErrorParts): void {
  const lines = Object.entries({ found, expected, try: repair }).filter((line): line is [string, string] => line[1] !== undefined);
  byId('refusal').replaceChildren(h('strong', {}, where === undefined ? message : `${where}: ${message}`), h('dl', {}, ...lines.flatMap(([name, text]) => [h('dt', {}, name), h('dd', {}, text)])));
  byId('refusal').hidden = false;
  byId('results').classList.add('stale');
}

/**
 * The request in an address; what is wrong with it is said, and the first experiment shown instead.
 * @param address of the change, not of the moment: the address of an earlier request may have been written in between
 */
function readAddress(address: string): void {
  try {
    show(readFragment(new URL(address).hash.slice(1), CATALOGUE, FIRST_EXPERIMENT));
  } catch (error) {
    if (!(error instanceof QrailsError)) throw error;
    show(ownRequest(FIRST_EXPERIMENT, CATALOGUE));
    misread = error.parts;
    refuse(misread);
  }
}

function copies(button: HTMLElement, text: () => string): void {
  const label = button.textContent;
  const copy = async (): Promise<void> => navigator.clipboard.writeText(text()); // async: where a page is not secure there is no clipboard
  button.addEventListener('click', () => {
    void copy().then(() => 'Copied', () => 'Not allowed').then((said) => {
      button.textContent = said;
      setTimeout(() => (button.textContent = label), SAID_MS);
    });
  });
}

copies(byId('copy-command'), () => commandOf(request));
copies(byId('copy-link'), () => new URL(`#${writeFragment(request, CATALOGUE)}`, location.href).href);
byId('undo-all').addEventListener('click', () => change(({ experiment }) => ownRequest(experiment, CATALOGUE)));
byId('pin').addEventListener('click', ({ currentTarget }) => {
  const button = currentTarget as HTMLElement;
  const kept = button.getAttribute('aria-pressed') !== 'true';
  button.setAttribute('aria-pressed', String(kept));
  for (const [, chart] of chartEntries) chart.keep(kept);
});
addExports(byId('exports'), (what) => engine.export(request, what), refuse);
byId('controls').addEventListener('submit', (event) => event.preventDefault());
addEventListener('hashchange', ({ newURL }) => readAddress(newURL));
readAddress(location.href);
