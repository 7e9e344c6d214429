/**
 * Requests that would get credentials but for the one thing that is wrong with each: they have the right path and what
 * the surface wants to see. `PATH` and `AUTH` stand for the surface's own.
 */
export const REST = 'Connection: close\r\n\r\n';
export const HOST = 'Host: localhost\r\n';

/** What is sent, `PATH` and `AUTH` being the surface's own, and the statuses that come back; none: only a closed connection. */
export const HOSTILE: readonly [string, string, number[]][] = [
  ['a TLS client hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', [400]],
  ['HTTP/0.9', 'GET PATH\r\n\r\n', [505]],
  ['HTTP/1.0 without Host', `GET PATH HTTP/1.0\r\nAUTH\r\n`, [400]],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400]],
  ['HTTP/2 in words', `GET PATH HTTP/2.0\r\n${HOST}AUTH${REST}`, [505]],
  ['HTTP/1.2', `GET PATH HTTP/1.2\r\n${HOST}AUTH${REST}`, [400]],
  ['no version', `GET PATH\r\n${HOST}AUTH${REST}`, [505]],

  ...['POST', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'PUT'].map(
    (method): [string, string, number[]] => [method, `${method} PATH HTTP/1.1\r\n${HOST}AUTH${REST}`, [405]],
  ),
  ['a method that does not exist', `BREW PATH HTTP/1.1\r\n${HOST}AUTH${REST}`, [400]],
  ['a method in lower case', `get PATH HTTP/1.1\r\n${HOST}AUTH${REST}`, [400]],
  ['CONNECT', `CONNECT localhost:80 HTTP/1.1\r\n${HOST}AUTH${REST}`, []],
  ['CONNECT to a path', `CONNECT PATH HTTP/1.1\r\n${HOST}AUTH${REST}`, []],

  ['a target in absolute form', `GET http://169.254.169.254PATH HTTP/1.1\r\n${HOST}AUTH${REST}`, [400]],
  ['a target in absolute form, to us', `GET http://localhostPATH HTTP/1.1\r\n${HOST}AUTH${REST}`, [400]],
  ['the target *', `OPTIONS * HTTP/1.1\r\n${HOST}AUTH${REST}`, [400]],
  ['a target without a slash', `GET localhostPATH HTTP/1.1\r\n${HOST}AUTH${REST}`, [400]],
  ['a fragment', `GET PATH#x HTTP/1.1\r\n${HOST}AUTH${REST}`, [404]],
  ['a NUL in the target', `GET PATH\0 HTTP/1.1\r\n${HOST}AUTH${REST}`, [400]],
  ['an escaped NUL in the target', `GET PATH%00 HTTP/1.1\r\n${HOST}AUTH${REST}`, [404]],
  ['an escape that is none', `GET PATH%zz HTTP/1.1\r\n${HOST}AUTH${REST}`, [404]],
  ['a step up', `GET PATH/../x HTTP/1.1\r\n${HOST}AUTH${REST}`, [404]],
  ['a blank in the target', `GET PATH x HTTP/1.1\r\n${HOST}AUTH${REST}`, [400]],

  ['no Host', `GET PATH HTTP/1.1\r\nAUTH${REST}`, [400]],
  ['two Hosts', `GET PATH HTTP/1.1\r\n${HOST}${HOST}AUTH${REST}`, [400]],
  ['two Hosts, ours first', `GET PATH HTTP/1.1\r\n${HOST}Host: evil.example\r\nAUTH${REST}`, [400]],
  ['two Hosts, ours last', `GET PATH HTTP/1.1\r\nHost: evil.example\r\n${HOST}AUTH${REST}`, [400]],
  ...[
    'evil.example',
    'evil.example:9911',
    '',
    ':9911',
    'localhost.evil.example',
    'evil.example#localhost',
    'localhost@evil.example',
    'localhost:9911:9911',
    'localhost:',
    'localhost:999999',
    'localhost.',
    'localhost, localhost',
    'localhost evil.example',
    'http://localhost',
    '127.0.0.1.evil.example',
    '127.1',
    '0177.0.0.1',
    '2130706433',
    '::1',
    '[::1',
    '[::ffff:127.0.0.1]',
    '10.0.0.1',
    '0.0.0.0',
  ].map((host): [string, string, number[]] => [
    `the Host ${host || 'of no name'}`,
    `GET PATH HTTP/1.1\r\nHost: ${host}\r\nAUTH${REST}`,
    [403],
  ]),

  ...[
    'X-Forwarded-For: 10.0.0.1',
    'x-forwarded-for:',
    'X-Forwarded-Host: localhost',
    'X-Forwarded-Proto: http',
    'Forwarded: for=10.0.0.1',
    'Via: 1.1 proxy',
    'Origin: http://localhost',
    'Origin: null',
    'Referer: http://localhost/',
    'Sec-Fetch-Site: same-origin',
    'Sec-Fetch-Mode: no-cors',
  ].map((header): [string, string, number[]] => [
    `the header ${header}`,
    `GET PATH HTTP/1.1\r\n${HOST}AUTH${header}\r\n${REST}`,
    [403],
  ]),

  ['9 KiB of one header', `GET PATH HTTP/1.1\r\n${HOST}AUTHX: ${'x'.repeat(9_216)}\r\n${REST}`, [431]],
  ['9 KiB of many headers', `GET PATH HTTP/1.1\r\n${HOST}AUTH${'X: y\r\n'.repeat(1_536)}${REST}`, [431]],
  ['9 KiB of target', `GET PATH?${'x'.repeat(9_216)} HTTP/1.1\r\n${HOST}AUTH${REST}`, [431]],
  ['9 KiB of method', 'G'.repeat(9_216), [400]],
  ['a header without end', `GET PATH HTTP/1.1\r\n${HOST}AUTHX: ${'x'.repeat(100_000)}`, [431]],

  ['a NUL in a header', `GET PATH HTTP/1.1\r\n${HOST}AUTHX: a\0b\r\n${REST}`, [400]],
  ['a NUL in the Host', `GET PATH HTTP/1.1\r\nHost: localhost\0.evil.example\r\nAUTH${REST}`, [400]],
  ['NULs alone', '\0'.repeat(1_000), [400]],
  ['a folded header', `GET PATH HTTP/1.1\r\n${HOST}AUTHX: a\r\n b\r\n${REST}`, [400]],
  ['a Host that is folded', `GET PATH HTTP/1.1\r\nHost:\r\n localhost\r\nAUTH${REST}`, [400]],
  ['a header without a colon', `GET PATH HTTP/1.1\r\n${HOST}AUTHX\r\n${REST}`, [400]],
  ['a header without a name', `GET PATH HTTP/1.1\r\n${HOST}AUTH: x\r\n${REST}`, [400]],
  ['a blank before the colon', `GET PATH HTTP/1.1\r\n${HOST}AUTHX : x\r\n${REST}`, [400]],
  ['a bare CR in a header', `GET PATH HTTP/1.1\r\n${HOST}AUTHX: a\rb\r\n${REST}`, [400]],
  ['a bare LF after the request line', `GET PATH HTTP/1.1\n${HOST}AUTH${REST}`, [400]],
  ['bare LFs', `GET PATH HTTP/1.1\nHost: localhost\nConnection: close\n\n`, [400]],

  ...[
    'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
    'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n',
    'Content-Length: 5\r\nContent-Length: 6\r\n',
    'Content-Length: 5\r\nContent-Length: 5\r\n',
    'Content-Length: 5, 5\r\n',
    'Content-Length: +5\r\n',
    'Content-Length: -1\r\n',
    'Content-Length: 0x5\r\n',
    'Content-Length: 99999999999999999999999\r\n',
    'Transfer-Encoding: chunked, identity\r\n',
    'Transfer-Encoding : chunked\r\n',
    'Transfer-Encoding:\x0bchunked\r\n',
  ].map((headers): [string, string, number[]] => [
    `a body as long as ${JSON.stringify(headers)} says`,
    `GET PATH HTTP/1.1\r\n${HOST}AUTH${headers}${REST}0\r\n\r\nGET PATH HTTP/1.1\r\n${HOST}AUTH${REST}`,
    [400],
  ]),
  // Here the request was taken up before the parser found out.
  ...['xchunked', 'identity', 'gzip'].map((coding): [string, string, number[]] => [
    `the transfer coding ${coding}`,
    `GET PATH HTTP/1.1\r\n${HOST}AUTHTransfer-Encoding: ${coding}\r\n${REST}`,
    [],
  ]),
  ['an expectation that nobody can meet', `GET PATH HTTP/1.1\r\n${HOST}AUTHExpect: gold\r\n${REST}`, [417]],
];
