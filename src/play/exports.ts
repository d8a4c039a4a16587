/** What a page gives away: documents that run the same plan on the command line, the header, the picture. */
import { prepare, type Prepared } from '../compare/prepare.js';
import { exportC } from '../export/c.js';
import type { AnchorLaw, Estimator, SupervisorLaw, ThrottleLaw } from '../control/registry.js';
import type { Experiment } from '../schema/experiment.js';
import { VERSION } from '../version.js';
import { pictureSvg } from './picture.js';
import { optionsOf, type Request } from './request.js';
import { DIRECTORY, play } from './run.js';

export interface Exported {
  /** Plain file name. */
  readonly name: string;
  readonly type: string;
  readonly text: string;
}

/** Name of the header and prefix of what it defines: the default of `qrails export c`. */
const HEADER_NAME = 'qrails_plan';
const json = (name: string, value: unknown): Exported => ({ name, type: 'application/json', text: `${JSON.stringify(value, null, 2)}\n` });

/** What can be exported, by name. Each throws QrailsError where the request cannot be run. */
export const EXPORTS = {
  /** The experiment with its controllers; a changed target or sensor is named as the file that `profile` or `sensor` gives. */
  experiment: async (request: Request) => json(`${request.experiment}.json`, experimentOf(request, await prepareOne(request))),
  profile: async (request: Request) => json(fileName(request, 'profile'), (await prepareOne(request)).profile),
  sensor: async (request: Request) => json(fileName(request, 'sensor'), (await prepareOne(request)).sensor),
  /** As `qrails export c --single-header` writes it. */
  header: async (request: Request): Promise<Exported> => {
    const { experiment, profile, sensor, variants: [variant] } = await prepareOne(request);
    const { files } = exportC(variant!.plan, {
      name: HEADER_NAME, title: experiment.title ?? experiment.name, profile: profile.name, sensor: sensor.name, planHash: variant!.hash, toolVersion: VERSION, singleHeader: true,
    });
    const [[name, text]] = Object.entries(files) as [[string, string]];
    return { name, type: 'text/x-c', text };
  },
  picture: async (request: Request): Promise<Exported> => ({ name: `${request.experiment}.svg`, type: 'image/svg+xml', text: pictureSvg(await play(request)) }),
} as const satisfies Record<string, (request: Request) => Promise<Exported>>;
export type ExportName = keyof typeof EXPORTS;

const prepareOne = (request: Request): Promise<Prepared> => prepare({ ...optionsOf(request), directory: DIRECTORY });

const changed = ({ set }: Request, kind: 'profile' | 'sensor'): boolean => set.some((assignment) => assignment.startsWith(`${kind}.`) || assignment.startsWith(`${kind}[`));
const fileName = (request: Request, kind: 'profile' | 'sensor'): string => (changed(request, kind) ? `${request.experiment}-${kind}.json` : `${request[kind]}.json`);
/** A shipped document by its name, a changed one as a file beside the experiment. */
const reference = (request: Request, kind: 'profile' | 'sensor'): string => (changed(request, kind) ? `./${fileName(request, kind)}` : request[kind]);

function experimentOf(request: Request, { experiment, variants: [variant] }: Prepared): Experiment {
  const [law, estimator] = request.throttle.split('/') as [ThrottleLaw, Estimator | undefined];
  const { estimator: _, ...throttle } = experiment.throttle ?? { law };
  return {
    ...experiment,
    phases: variant!.plan.phases.map(({ steps }, index) => {
      const { epochs: __, ...phase } = experiment.phases[index]!;
      return { ...phase, steps };
    }),
    ...(request.seed !== undefined && { seed: request.seed }),
    profile: reference(request, 'profile'), sensor: reference(request, 'sensor'),
    throttle: { ...throttle, law, ...(estimator !== undefined && { estimator }) },
    anchor: { ...experiment.anchor, law: request.anchor as AnchorLaw },
    supervisor: { ...experiment.supervisor, law: request.supervisor as SupervisorLaw },
  };
}
