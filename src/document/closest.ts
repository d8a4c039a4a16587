import { distance } from 'fastest-levenshtein';

/** The candidate a misspelt word most likely meant, or undefined when none is near. Case is ignored where it decides nothing. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length === 0 || word.length > 200) return undefined;
  const swapped = candidates.find((candidate) => letters(candidate) === letters(word)); // RDN: two edits away from TRN too, but RND is meant
  if (swapped !== undefined) return swapped;
  let best: string | undefined;
  let smallest = Infinity;
  for (const candidate of candidates) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase());
    if (edits < smallest) [best, smallest] = [candidate, edits];
  }
  return best !== undefined && smallest <= Math.max(1, Math.floor(best.length / 3)) ? best : undefined;
}

/** Equal for words that differ in nothing but the order and the case of their letters. */
const letters = (word: string): string => [...word.toLowerCase()].sort().join('');
