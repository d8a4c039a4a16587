/** Thrown where a sweep was told to stop: unlike other interruptions it leaves something behind, to go on with. */
export class Interrupted extends Error {
  /** As for every interruption that a signal asks for. */
  override readonly name = 'AbortError';

  /**
   * @param kept what there is now
   * @param again how to go on
   */
  constructor(readonly kept: string, again: string) {
    super(`interrupted; ${kept}\n  go on     ${again}`);
  }
}
