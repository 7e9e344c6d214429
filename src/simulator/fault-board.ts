import type { Fault, FaultKind, FaultOf } from './fault.ts';
import type { RequestKind } from './routes.ts';

/** The faults in force. */
export interface FaultBoard {
  /** A fault takes the place of one of its kind for the same requests. */
  set(fault: Fault): void;
  /** Takes all faults away, or those of one kind. */
  clear(kind?: FaultKind): void;
  /** The latest fault of these kinds for such a request. Each taking counts against the fault's `times`. */
  take<Kind extends FaultKind>(kinds: readonly Kind[], request: RequestKind): FaultOf<Kind> | undefined;
  has(kind: FaultKind): boolean;
  all(): readonly Fault[];
}

export function createFaultBoard(): FaultBoard {
  let faults: readonly Fault[] = [];

  return {
    set(fault) {
      faults = [...faults.filter((other) => !sameTarget(other, fault)), fault];
    },
    clear(kind) {
      faults = kind === undefined ? [] : faults.filter((fault) => fault.kind !== kind);
    },
    take<Kind extends FaultKind>(kinds: readonly Kind[], request: RequestKind) {
      const taken = faults.findLast(
        (fault): fault is FaultOf<Kind> =>
          kinds.some((kind) => kind === fault.kind) && fault.on.includes(request),
      );
      if (taken !== undefined) {
        faults = faults.flatMap((fault) => (fault === taken ? onceLess(fault) : fault));
      }
      return taken;
    },
    has: (kind) => faults.some((fault) => fault.kind === kind),
    all: () => faults,
  };
}

function onceLess(fault: Fault): Fault | [] {
  if (fault.times === undefined) return fault;
  return fault.times > 1 ? { ...fault, times: fault.times - 1 } : [];
}

function sameTarget(a: Fault, b: Fault): boolean {
  return a.kind === b.kind && a.on.join() === b.on.join();
}
