/** Controls on the page. Elements stay while what they control stays, so that a drag is not interrupted by the run it starts. */
import { positionOf, POSITIONS, valueAt, type Choice, type Control, type Slider } from '../controls.js';
import { h } from './dom.js';

/** A number with the digits it has, short. */
const text = (value: number): string => (value !== 0 && Math.abs(value) < 1e-3 ? String(Number(value.toPrecision(3))) : String(Number(value.toPrecision(6))));

interface Shown {
  readonly element: HTMLElement;
  readonly update: (control: Control) => void;
}

export class Panel {
  readonly #holder: Element;
  readonly #assign: (assignments: string[]) => void;
  #shown = new Map<string, Shown>();

  /** @param assign told of what a control changes, while it is dragged */
  constructor(holder: Element, assign: (assignments: string[]) => void) {
    this.#holder = holder;
    this.#assign = assign;
  }

  show(controls: readonly Control[]): void {
    const ids = controls.map(({ id, kind }) => `${kind} ${id}`);
    if (ids.join('\n') !== [...this.#shown.keys()].join('\n')) {
      this.#shown = new Map(controls.map((control, k) => [ids[k]!, control.kind === 'slider' ? this.#slider(control) : this.#choice(control)]));
      this.#holder.replaceChildren(...[...this.#shown.values()].map(({ element }) => element));
    }
    controls.forEach((control, k) => this.#shown.get(ids[k]!)!.update(control));
  }

  #slider(first: Slider): Shown {
    let control = first;
    const id = `control-${control.id}`;
    const range = h('input', { type: 'range', id, title: control.about });
    const field = h('input', { type: 'text', inputmode: 'decimal', 'aria-label': `${control.label}: value`, size: 7, spellcheck: 'false' });
    const say = (value: number): void => {
      range.setAttribute('aria-valuetext', text(value));
      if (document.activeElement !== field) field.value = text(value);
    };
    range.addEventListener('input', () => {
      const value = valueAt(control, range.valueAsNumber);
      say(value);
      this.#assign(control.assign(value));
    });
    field.addEventListener('change', () => {
      const value = field.value.trim() === '' ? NaN : Number(field.value);
      if (Number.isFinite(value)) this.#assign(control.assign(value));
      else field.value = text(control.value);
    });
    field.addEventListener('blur', () => (field.value = text(control.value)));
    return {
      element: h('div', { class: 'control' }, h('label', { for: id, title: control.about }, control.label), range, field),
      update: (next) => {
        control = next as Slider;
        const { scale, minimum, maximum, step, value } = control;
        [range.min, range.max, range.step] = scale === 'log' ? ['0', String(POSITIONS), '1'] : [String(minimum), String(maximum), String(step)];
        range.value = String(positionOf(control, value));
        say(value);
      },
    };
  }

  #choice(first: Choice): Shown {
    let control = first;
    const id = `control-${control.id}`;
    const select = h('select', { id, title: control.about });
    select.addEventListener('change', () => this.#assign(control.assign(select.value)));
    let listed = '';
    return {
      element: h('div', { class: 'control' }, h('label', { for: id, title: control.about }, control.label), select),
      update: (next) => {
        control = next as Choice;
        if (listed !== control.choices.join()) {
          listed = control.choices.join();
          select.replaceChildren(...control.choices.map((choice) => h('option', { value: choice }, choice)));
        }
        select.value = control.value;
      },
    };
  }
}
