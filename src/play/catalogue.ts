/** What the page can choose from: made when it is built, so that it can be shown before anything has run. */
import { DEFAULT_PROFILE, DEFAULT_SENSOR, throttleName } from '../compare/prepare.js';
import { list, type DocumentKind } from '../document/catalogue.js';
import { loadDocument } from '../document/load.js';
import type { Setup } from './request.js';

/** A shipped document. */
export interface Entry {
  readonly name: string;
  readonly title: string;
}

/** A shipped experiment, with what it runs on and under where nothing else is chosen. */
export interface ExperimentEntry extends Entry {
  readonly own: Setup;
}

export interface Catalogue {
  readonly profile: readonly Entry[];
  readonly sensor: readonly Entry[];
  readonly experiment: readonly ExperimentEntry[];
}

const entries = (kind: DocumentKind): Promise<Entry[]> =>
  Promise.all(list(kind).map(async (name) => {
    const { value } = await loadDocument(kind, name);
    return { name, title: value.title ?? name };
  }));

/** Every shipped document. */
export async function catalogue(): Promise<Catalogue> {
  const experiments = await Promise.all(list('experiment').map(async (name): Promise<ExperimentEntry> => {
    const { value } = await loadDocument('experiment', name);
    const { profile = DEFAULT_PROFILE, sensor = DEFAULT_SENSOR, throttle = { law: 'none' }, anchor = { law: 'none' }, supervisor = { law: 'none' } } = value;
    return { name, title: value.title ?? name, own: { profile, sensor, throttle: throttleName(throttle), anchor: anchor.law, supervisor: supervisor.law } };
  }));
  return { profile: await entries('profile'), sensor: await entries('sensor'), experiment: experiments };
}
