/** What an assertion said when it failed. */
export async function failed(assertion: () => unknown): Promise<string> {
  try {
    await assertion();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it passed');
}
