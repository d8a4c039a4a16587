import { expect } from 'vitest';
import { QrailsError, type ErrorCode } from '../../src/errors.js';

/** Runs something that must fail on bad input, and gives its message; anything but a QrailsError with this code fails the test. */
export async function failure(code: ErrorCode, run: () => unknown): Promise<string> {
  let thrown: unknown;
  try {
    await run();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(QrailsError);
  const error = thrown as QrailsError;
  expect(error.code).toBe(code);
  expect(error.exitCode).toBe(2);
  return error.message;
}
