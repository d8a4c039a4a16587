/** What is run: documents and controllers by name, steps and seed. */
import { ANCHOR_NAMES, SUPERVISOR_NAMES, THROTTLE_NAMES } from '../../control/registry.js';
import type { Catalogue, Entry } from '../catalogue.js';
import { MOST_STEPS, ownRequest, withoutSet, type Request } from '../request.js';
import { h } from './dom.js';

const plain = (names: readonly string[]): Entry[] => names.map((name) => ({ name, title: name }));

type Choosable = 'experiment' | 'profile' | 'sensor' | 'throttle' | 'anchor' | 'supervisor';

export class Setup {
  readonly #selects: Readonly<Record<Choosable, HTMLSelectElement>>;
  readonly #steps = h('input', { id: 'steps', type: 'number', min: 1, max: MOST_STEPS, inputmode: 'numeric' });
  readonly #seed = h('input', { id: 'seed', type: 'number', min: 0, max: 4294967295, inputmode: 'numeric' });

  /** @param change told of the request that a choice makes of the one that is shown */
  constructor(holder: Element, catalogue: Catalogue, change: (make: (request: Request) => Request) => void) {
    const select = (id: string, label: string, entries: readonly Entry[], make: (request: Request, name: string) => Request): HTMLSelectElement => {
      const element = h('select', { id }, ...entries.map(({ name, title }) => h('option', { value: name, title }, title === name ? name : `${name}: ${title}`)));
      element.addEventListener('change', () => change((request) => make(request, element.value)));
      holder.append(h('div', { class: 'control' }, h('label', { for: id }, label), element));
      return element;
    };
    this.#selects = {
      experiment: select('experiment', 'experiment', catalogue.experiment, (_, name) => ownRequest(name, catalogue)),
      profile: select('profile', 'target', catalogue.profile, (request, profile) => ({ ...withoutSet(request, ['profile.']), profile })),
      sensor: select('sensor', 'sensor', catalogue.sensor, (request, sensor) => ({ ...withoutSet(request, ['sensor.']), sensor })),
      throttle: select('throttle', 'throttle', plain(THROTTLE_NAMES), (request, throttle) => ({ ...request, throttle })),
      anchor: select('anchor', 'anchor', plain(ANCHOR_NAMES), (request, anchor) => ({ ...request, anchor })),
      supervisor: select('supervisor', 'supervisor', plain(SUPERVISOR_NAMES), (request, supervisor) => ({ ...request, supervisor })),
    };
    for (const [element, name] of [[this.#steps, 'steps'], [this.#seed, 'seed']] as const) {
      element.addEventListener('change', () => change(({ [name]: _, ...request }) => (element.value !== '' && element.checkValidity() ? { ...request, [name]: element.valueAsNumber } : request)));
      holder.append(h('div', { class: 'control' }, h('label', { for: name }, name), h('div', { class: 'whole' }, element)));
    }
  }

  /** @param steps, seed of the run, where the request leaves them to the experiment */
  show(request: Request, run?: { readonly steps: number; readonly seed: number }): void {
    for (const [name, element] of Object.entries(this.#selects)) element.value = request[name as Choosable];
    this.#steps.value = String(request.steps ?? run?.steps ?? '');
    this.#seed.value = String(request.seed ?? run?.seed ?? '');
  }
}
