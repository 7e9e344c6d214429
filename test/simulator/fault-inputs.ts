import type { FaultInput, FaultKind } from '../../src/simulator/fault.ts';

/** A fault of this kind in its plainest form. */
export function faultInput(kind: FaultKind): FaultInput {
  switch (kind) {
    case 'delay':
      return { kind, ms: 2_000 };
    case 'date-skew':
      return { kind, ms: -90_000 };
    case 'status':
      return { kind, status: 503 };
    case 'code':
      return { kind, code: 'AssumeRoleUnauthorizedAccess' };
    case 'missing-field':
      return { kind, field: 'Token' };
    default:
      return { kind };
  }
}
