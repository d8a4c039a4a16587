/** Errors a user can cause and repair. Everything else is a bug and keeps its stack. */

export type ErrorCode =
  | 'usage' // a wrong option or argument
  | 'not-found' // a file or name that is not there
  | 'unreadable' // a file that cannot be read or parsed
  | 'invalid' // a document or value that breaks its schema or meaning
  | 'format' // a fixed-point format, rail or constant that cannot exist
  | 'data' // a recording that cannot be used
  | 'unsupported' // a combination the target or this version does not do
  | 'output'; // a file that cannot be written

export interface ErrorParts {
  readonly code: ErrorCode;
  /** File and place in it, or option: `mine.json: sites.weight.rails[1]`. */
  readonly where?: string;
  readonly message: string;
  readonly found?: string;
  readonly expected?: string;
  /** What to do about it. */
  readonly try?: string;
}

/** Bad input: the command line prints it without a stack and ends with exit code 2. */
export class QrailsError extends Error {
  readonly code: ErrorCode;
  readonly exitCode = 2;
  readonly parts: ErrorParts;

  constructor(parts: ErrorParts) {
    super(describe(parts));
    this.name = 'QrailsError';
    this.code = parts.code;
    this.parts = parts;
  }
}

function describe({ where, message, found, expected, try: repair }: ErrorParts): string {
  const lines = [where === undefined ? message : `${where}: ${message}`];
  if (found !== undefined) lines.push(`  found     ${found}`);
  if (expected !== undefined) lines.push(`  expected  ${expected}`);
  if (repair !== undefined) lines.push(`  try       ${repair}`);
  return lines.join('\n');
}
