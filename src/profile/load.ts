import { loadDocument, type Loaded } from '../document/load.js';
import { Profile } from '../schema/profile.js';
import { validate } from '../schema/validate.js';
import { checkProfile } from './check.js';

/**
 * Loads a hardware target, with what it extends, and checks it.
 *
 * @param nameOrPath a shipped target (`enabol-mid`), a path (with a slash or ending in `.json`), or `-` for standard input
 * @param directory where a relative path starts; default the working directory
 * @throws QrailsError `not-found`, `unreadable`, `invalid` (schema, `extends`, something missing) or `format` (a format or rail that cannot exist)
 * @example const { value: profile } = await loadProfile('enabol-mid');
 */
export async function loadProfile(nameOrPath: string, directory?: string): Promise<Loaded<Profile>> {
  const loaded = await loadDocument('profile', nameOrPath, directory);
  checkProfile(loaded.value, loaded.file);
  return loaded;
}

/**
 * Holds a value against the schema of a profile and the rules of `checkProfile`. `extends` is not followed: the value must be complete.
 *
 * @param where what messages call it
 * @returns the value, typed
 * @throws QrailsError `invalid` or `format`
 * @example const profile = await validateProfile(JSON.parse(text), 'mine.json');
 */
export async function validateProfile(value: unknown, where = 'profile'): Promise<Profile> {
  const profile = await validate(Profile, value, where);
  checkProfile(profile, where);
  return profile;
}
