import { type Nft, NftError } from './nft.ts';
import { renderRemoval, replaceTable } from './ruleset.ts';

export interface ApplyParts {
  readonly nft: Nft;
  /** Whole, as `renderRuleset` gives it. */
  readonly ruleset: string;
  /** Whether the agent reaches IMDS: undefined, or why not. Asked with the new rules in force. */
  readonly verify: () => Promise<string | undefined>;
}

export type ApplyResult =
  | { readonly done: true }
  | {
      readonly done: false;
      readonly problem: string;
      /** `unverified`: the new rules, because they could not be taken back. */
      readonly inForce: 'as-before' | 'no-rules' | 'unverified';
    };

/**
 * Loads the rules and looks whether the agent still reaches IMDS; where it does not, what was there before comes back.
 * Throws an NftError where the rules could not be loaded: then nothing has changed.
 */
export async function applyRules({ nft, ruleset, verify }: ApplyParts): Promise<ApplyResult> {
  const before = await nft.ours();
  await nft.validate(ruleset);
  await nft.load(ruleset);
  const problem = await verify().catch(String);
  return problem === undefined ? { done: true } : rollBack(nft, before, problem);
}

async function rollBack(nft: Nft, before: string | undefined, problem: string): Promise<ApplyResult> {
  try {
    await nft.load(before === undefined ? renderRemoval() : `${replaceTable(before).join('\n')}\n`);
    return { done: false, problem, inForce: before === undefined ? 'no-rules' : 'as-before' };
  } catch (error) {
    if (!(error instanceof NftError)) throw error;
    return { done: false, problem: `${problem}. ${error.message}`, inForce: 'unverified' };
  }
}
