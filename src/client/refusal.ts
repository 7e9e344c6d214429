/** What an answer of the agent other than 200 says. `code` is the agent's, undefined where the body is not its own. */
export interface ParsedRefusal {
  readonly code: string | undefined;
  /** One line, with nothing in it that a terminal would obey. */
  readonly message: string;
}

export function parseRefusal(status: number, body: string): ParsedRefusal {
  try {
    const { code, message } = JSON.parse(body);
    if (typeof code === 'string' && typeof message === 'string') {
      return { code, message: message.replaceAll(/[\s\p{Cc}]+/gu, ' ') };
    }
  } catch {
    // Falls through to the answer for a body that is not ours.
  }
  return { code: undefined, message: `The agent answered with status ${status} and no reason: see its log` };
}
