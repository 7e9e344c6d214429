import { InputError } from './input-error.ts';

/** @throws InputError for a name that IAM would not take */
export function checkRoleName(name: string): void {
  checkName('role', name, 64);
}

/** @throws InputError for a name that IAM would not take */
export function checkProfileName(name: string): void {
  checkName('instance profile', name, 128);
}

function checkName(what: string, name: string, longest: number): void {
  if (name.length <= longest && /^[\w+=,.@-]+$/.test(name)) return;
  throw new InputError(
    `The name of the ${what} must be 1 to ${longest} letters, digits or any of _+=,.@-: it is ${JSON.stringify(name)}`,
  );
}
