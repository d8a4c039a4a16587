/** Content hashes: SHA-256 over canonical JSON (RFC 8785). The hash of a plan names a run everywhere. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

type Canonicalize = (value: unknown) => string | undefined;

/** Hex SHA-256 of a JSON value. The same value hashes the same on every machine, whatever the order of its keys. */
export function hashJson(value: unknown): string {
  const text = (canonicalize as unknown as Canonicalize)(value);
  if (text === undefined) throw new TypeError('not a JSON value');
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
