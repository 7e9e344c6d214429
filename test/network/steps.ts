/** A suite that is run as a script, because it needs namespaces of its own: each step is a claim, told as it is settled. */
export interface Steps {
  /** Passes unless it throws. `skip` leaves it out, with the reason. */
  step(claim: string, work: (skip: (reason: string) => never) => Promise<void>): Promise<void>;
  /** Prints the sum; whether all that was tried held. */
  end(): boolean;
}

class Skipped extends Error {}

export function createSteps(print: (line: string) => void): Steps {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  return {
    async step(claim, work) {
      try {
        await work((reason) => {
          throw new Skipped(reason);
        });
        counts.passed++;
        print(`passed: ${claim}`);
      } catch (error) {
        if (error instanceof Skipped) {
          counts.skipped++;
          print(`skipped: ${claim}: ${error.message}`);
        } else {
          counts.failed++;
          print(`FAILED: ${claim}: ${error instanceof Error ? error.message : error}`);
        }
      }
    },
    end() {
      print(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
      return counts.failed === 0;
    },
  };
}

/** @throws Error where the two are not the same, with both */
export function same(found: unknown, expected: unknown, what = 'found'): void {
  const [a, b] = [found, expected].map((each) => JSON.stringify(each));
  if (a !== b) throw new Error(`${what} ${a}, expected ${b}`);
}
