import type { IssuedSet } from './credential-set.ts';

/** An answer that is still to be sent. */
export interface Reply {
  readonly status: number;
  /** Beside the ones that every answer has. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The set that the body shows, where it shows one. */
  readonly set?: IssuedSet | undefined;
  /** Close the connection after so many bytes of the body, whatever Content-Length says. */
  readonly cutAfter?: number;
}

export function plainText(body: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status: 200, headers: { 'Content-Type': 'text/plain', ...headers }, body };
}

const reasons = new Map([
  [302, 'Found'],
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed'],
  [429, 'Too Many Requests'],
  [500, 'Internal Server Error'],
  [502, 'Bad Gateway'],
  [503, 'Service Unavailable'],
  [504, 'Gateway Timeout'],
]);

/** IMDS's errors are small XHTML pages, never JSON. Its 404 has been seen with 339 bytes, and so it has here. */
export function errorPage(status: number, headers: Readonly<Record<string, string>> = {}): Reply {
  const title = `${status} - ${reasons.get(status) ?? 'Simulated'}`;
  const body = `<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
   "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>${title}</title>
 </head>
 <body>
  <h1>${title}</h1>
 </body>
</html>
`;
  return { status, headers: { 'Content-Type': 'text/html', ...headers }, body };
}
