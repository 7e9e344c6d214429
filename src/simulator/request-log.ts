import type { EpochMs } from '../domain/ports.ts';
import { type RequestKind, requestKinds } from './routes.ts';

/** What the simulator saw of one request. */
export interface RequestRecord {
  readonly at: EpochMs;
  readonly method: string;
  /** The request target as it came. */
  readonly path: string;
  readonly kind: RequestKind;
  /** Null while there is no answer, and for ever if none was given. */
  readonly status: number | null;
  readonly userAgent: string | undefined;
  readonly host: string | undefined;
  /** `valid` at the time of the request. */
  readonly token: 'absent' | 'valid' | 'invalid';
  /** The TTL header of a token request. */
  readonly requestedTtl: string | undefined;
  readonly forwardedFor: boolean;
  /** The kinds of the faults that it met. */
  readonly faults: readonly string[];
}

export type RequestCounts = Readonly<Record<RequestKind | 'total', number>>;

export interface RequestLog {
  /** Takes a request down, and gives the way to add what became of it. */
  add(record: RequestRecord): (outcome: Pick<RequestRecord, 'status' | 'faults'>) => RequestRecord;
  /** The last 10,000, oldest first. */
  all(): readonly RequestRecord[];
  /** Of all requests since the start or the last clearing. */
  counts(): RequestCounts;
  clear(): void;
}

const remembered = 10_000;

export function createRequestLog(): RequestLog {
  const records = new Map<number, RequestRecord>();
  const counts = new Map<RequestKind, number>();
  let last = 0;

  return {
    add(record) {
      last += 1;
      const number = last;
      records.set(number, record);
      records.delete(number - remembered);
      counts.set(record.kind, (counts.get(record.kind) ?? 0) + 1);
      return (outcome) => {
        const settled = { ...record, ...outcome };
        if (records.has(number)) records.set(number, settled);
        return settled;
      };
    },
    all: () => [...records.values()],
    counts() {
      const of = (kind: RequestKind) => counts.get(kind) ?? 0;
      const total = requestKinds.reduce((sum, kind) => sum + of(kind), 0);
      return {
        token: of('token'),
        list: of('list'),
        document: of('document'),
        info: of('info'),
        other: of('other'),
        total,
      };
    },
    clear() {
      records.clear();
      counts.clear();
    },
  };
}
