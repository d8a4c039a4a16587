/**
 * Faults of accessibility in the page that is open. It runs in the browser, so it uses nothing from outside. The rules are those whose breach
 * axe calls critical or serious, as far as such a page can break them, and some more: names, labels, references, headings, landmarks, tables,
 * focus, scrolling, target size, and the contrast of every text as it is painted.
 */
export function audit(): string[] {
  const faults: string[] = [];
  const all = <T extends Element = HTMLElement>(selector: string): T[] => [...document.querySelectorAll<T>(selector)];
  const at = (element: Element): string => element.outerHTML.slice(0, 120);
  const check = (rule: string, elements: readonly Element[], holds: (element: Element) => boolean): void => {
    for (const element of elements) if (!holds(element)) faults.push(`${rule}: ${at(element)}`);
  };
  const visible = (element: Element): boolean => element.checkVisibility({ visibilityProperty: true }) && element.closest('[aria-hidden="true"]') === null;
  const referred = (ids: string | null): string => (ids ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join(' ').trim();
  const name = (element: Element): string => element.getAttribute('aria-label') ?? (referred(element.getAttribute('aria-labelledby')) || element.textContent.trim());

  if (document.documentElement.lang === '') faults.push('html-has-lang');
  if (document.title.trim() === '') faults.push('document-title');
  if (all('h1').length !== 1 || all('main').length !== 1) faults.push('one h1, one main');
  all('h1,h2,h3,h4,h5,h6').filter(visible).reduce((before, heading) => {
    const level = Number(heading.tagName[1]);
    if (level > before + 1) faults.push(`heading-order: ${at(heading)}`);
    return level;
  }, 0);

  const ids = all('[id]').map(({ id }) => id);
  for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) faults.push(`duplicate-id: ${id}`);
  for (const attribute of ['aria-labelledby', 'aria-describedby']) check(attribute, all(`[${attribute}]`), (element) => referred(element.getAttribute(attribute)) !== '');
  check('link target', all('a[href^="#"]'), (element) => document.getElementById(element.getAttribute('href')!.slice(1)) !== null);

  check('name', all('a,button,summary,[role=group],[role=region],nav,section,[tabindex="0"]').filter(visible), (element) => (/^(DIV|SPAN|SECTION|NAV)$/.test(element.tagName) ? element.hasAttribute('aria-label') || referred(element.getAttribute('aria-labelledby')) !== '' : name(element) !== ''));
  check('label on something without a role', all('[aria-label]'), (element) => element.hasAttribute('role') || /^(A|BUTTON|NAV|SECTION|IMG|TABLE)$/.test(element.tagName));
  check('image-alt', all('img'), (element) => (element.getAttribute('alt') ?? '').length > 10);
  check('svg-img-alt', all('svg').filter((element) => element.parentElement!.closest('svg') === null), (element) => element.getAttribute('aria-hidden') === 'true' || (element.getAttribute('role') === 'img' && element.hasAttribute('aria-label')));
  check('tabindex', all('[tabindex]'), (element) => Number(element.getAttribute('tabindex')) <= 0);
  check('nested-interactive', all('a,button,summary'), (element) => element.querySelector('a,button,summary,[tabindex]') === null);
  const landmarks = all('nav,[role=region],section').map(name);
  if (new Set(landmarks).size !== landmarks.length) faults.push('landmark-unique');
  check('region', all('body > *').filter(visible), (element) => /^(HEADER|NAV|MAIN|SCRIPT)$/.test(element.tagName) || element.matches('a.skip,[role=status]'));

  check('table caption', all('table'), (element) => (element.querySelector('caption')?.textContent.trim() ?? '') !== '');
  check('table headers', all('th'), (element) => element.hasAttribute('scope') && element.textContent.trim() !== '');
  check('list', all('ul,ol'), (element) => [...element.children].every(({ tagName }) => tagName === 'LI'));
  check('definition-list', all('dl'), (element) => [...element.children].every(({ tagName }) => tagName === 'DT' || tagName === 'DD'));
  check('scrollable-region-focusable', all('*').filter((element) => visible(element) && /auto|scroll/.test(getComputedStyle(element).overflow) && (element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1)), (element) => element.getAttribute('tabindex') === '0');
  check('target-size', all('button').filter(visible), (element) => element.getBoundingClientRect().width >= 24 && element.getBoundingClientRect().height >= 24);
  if (document.documentElement.scrollWidth > innerWidth) faults.push(`the page is wider than the window: ${document.documentElement.scrollWidth}`);

  const channels = (colour: string): number[] => colour.match(/[\d.]+/g)!.map(Number);
  const luminance = (colour: string): number => {
    const [r, g, b] = channels(colour).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  const painted = (element: Element | null): string => {
    if (element === null) return 'rgb(255, 255, 255)';
    const { backgroundColor } = getComputedStyle(element);
    return channels(backgroundColor)[3] === 0 ? painted(element.parentElement) : backgroundColor;
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let counted = 0;
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement!;
    if (texts.currentNode.textContent!.trim() === '' || /^(SCRIPT|STYLE|TITLE|title)$/.test(element.tagName) || !element.checkVisibility({ visibilityProperty: true })) continue;
    counted++;
    const { color, fill } = getComputedStyle(element);
    const [dark, light] = [luminance(element.closest('svg') ? fill : color), luminance(painted(element))].sort((a, b) => a - b);
    const ratio = (light! + 0.05) / (dark! + 0.05);
    if (ratio < 4.5) faults.push(`color-contrast ${ratio.toFixed(2)}: ${at(element)}`);
  }
  if (counted < 200) faults.push(`only ${counted} texts were seen`);
  return [...new Set(faults)];
}
