import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';

type Schema = { readonly [key: string]: unknown };

export const statusSchema: Schema = JSON.parse(
  readFileSync(new URL('../../docs/status.schema.json', import.meta.url), 'utf8'),
);

const validate = new Ajv2020({ allErrors: true, strict: true }).compile(closed(statusSchema));

/**
 * Throws where the document is not as the schema says, or has a member that the schema does not know: consumers may meet new
 * ones, but what this version tells is documented.
 */
export function expectStatusSchema(document: unknown): void {
  if (validate(document)) return;
  throw new Error(
    (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`).join('; '),
  );
}

/** The same schema for what has no other members than the documented ones. */
function closed(schema: Schema): Schema {
  const inner = Object.entries(schema).map(([key, value]) => [key, isSchema(value) ? closed(value) : value]);
  const isObject = isSchema(schema.properties) && schema.type === 'object';
  return { ...Object.fromEntries(inner), ...(isObject && { additionalProperties: false }) };
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
