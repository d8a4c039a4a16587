/** Files to take along. */
import type { ErrorParts } from '../../errors.js';
import type { Exported, ExportName } from '../exports.js';
import { h } from './dom.js';

const BUTTONS: readonly (readonly [what: ExportName | 'png', label: string])[] = [
  ['experiment', 'Experiment (JSON)'], ['profile', 'Target (JSON)'], ['sensor', 'Sensor (JSON)'], ['header', 'C header'], ['picture', 'Picture (SVG)'], ['png', 'Picture (PNG)'],
];
/** Pixels of a PNG for each of the drawing. */
const DENSITY = 2;

/** A button for each kind of file. @param make makes the file of what is shown */
export function addExports(holder: Element, make: (what: ExportName) => Promise<Exported>, refused: (error: ErrorParts) => void): void {
  for (const [what, label] of BUTTONS) {
    const button = h('button', { type: 'button', 'data-export': what }, label);
    button.addEventListener('click', () => {
      const file = what === 'png' ? make('picture').then(rasterised) : make(what).then(({ name, type, text }) => ({ name, blob: new Blob([text], { type }) }));
      file.then(save, refused);
    });
    holder.append(button);
  }
}

interface File {
  readonly name: string;
  readonly blob: Blob;
}

function save({ name, blob }: File): void {
  const url = URL.createObjectURL(blob);
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A drawing as pixels, in the colours that the page has. */
async function rasterised({ name, text }: Exported): Promise<File> {
  const url = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = h('canvas', { width: image.naturalWidth * DENSITY, height: image.naturalHeight * DENSITY });
    canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png'));
    return { name: name.replace(/\.svg$/, '.png'), blob: blob! };
  } finally {
    URL.revokeObjectURL(url);
  }
}
