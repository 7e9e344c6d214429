/** Whether a name has one of the words in it that a run was asked for; without words, every one is meant. */
export function isAskedFor(words: readonly string[], name: string): boolean {
  return words.length === 0 || words.some((word) => name.includes(word));
}
