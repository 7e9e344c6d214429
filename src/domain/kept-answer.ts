/**
 * The line that the agent keeps in its process file: the `credential_process` answer with a last member, `KeepUntil`,
 * that is cut off again. It says up to which second of which boot (/proc/uptime) the answer may be printed, because that
 * clock can be read without starting a process, and also runs while the machine sleeps: so whoever prints the answer
 * needs nobody to notice an expiration.
 */

/**
 * @param answer one JSON object, with at least one member
 * @param keepUntil whole seconds since boot
 */
export function keptAnswer(answer: string, keepUntil: number, bootId: string): string {
  return `${answer.slice(0, -1)}${ending(String(keepUntil), bootId)}`;
}

/** The answer and its line break; undefined where its time is over, or the line is anything else than whole. */
export function answerKept(text: string, uptimeSeconds: number, bootId: string): string | undefined {
  const cut = text.lastIndexOf(MEMBER);
  const [, keepUntil = ''] = /^(\d{1,10})\//.exec(text.slice(cut + MEMBER.length)) ?? [];
  const isWhole = cut > 0 && text.slice(cut) === ending(keepUntil, bootId);
  // As the helper's shell compares: whole seconds, and below.
  return isWhole && Math.floor(uptimeSeconds) < Number(keepUntil) ? `${text.slice(0, cut)}}\n` : undefined;
}

const MEMBER = ',"KeepUntil":"';

function ending(keepUntil: string, bootId: string): string {
  return `${MEMBER}${keepUntil}/${bootId}"}\n`;
}
