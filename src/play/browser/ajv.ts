/** Stands in for ajv in the page, whose policy lets nobody make code from text: validators are made when the page is built. */
import { VALIDATORS } from 'virtual:qrails/validators';
import type { ValidateFunction } from 'ajv';

export class Ajv {
  /** @throws RangeError for a schema of which the page loads no document */
  compile({ $id }: { readonly $id?: string }): ValidateFunction {
    const validator = VALIDATORS[$id ?? ''];
    if (!validator) throw new RangeError(`no validator for ${$id}`);
    return validator;
  }
}
