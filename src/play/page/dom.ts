/** Elements, with every text as text. */

export const byId = <E extends Element = HTMLElement>(id: string): E => document.getElementById(id) as unknown as E;

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
type Child = Node | string | number;

function filled<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.map((child) => (typeof child === 'number' ? String(child) : child)));
  return element;
}

export const h = <K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: readonly Child[]): HTMLElementTagNameMap[K] =>
  filled(document.createElement(tag), attributes, children);

export const svg = (tag: string, attributes: Attributes = {}, ...children: readonly Child[]): SVGElement =>
  filled<SVGElement>(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);

/** Changes a text only where it is another one: a reader of the screen is told of changes. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
