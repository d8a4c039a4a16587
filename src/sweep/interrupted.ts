/** Thrown where something long was told to stop: unlike at other interruptions there is more to say than that nothing was left behind. */
export class Interrupted extends Error {
  /** As for every interruption that a signal asks for. */
  override readonly name = 'AbortError';

  /**
   * @param kept what there is now
   * @param again how to go on, or what would have allowed it
   * @param label of `again`
   */
  constructor(readonly kept: string, again: string, label = 'go on') {
    super(`interrupted; ${kept}\n  ${label.padEnd(10)}${again}`);
  }
}
