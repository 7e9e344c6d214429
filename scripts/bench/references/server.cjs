// Answers everything with so many bytes: server.cjs unix PATH BYTES | tcp HOST:PORT BYTES.
const [, , kind, place, size] = process.argv;
const body = Buffer.alloc(Number(size), 'a');
const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
const server = require('node:http').createServer((_request, response) => {
  response.writeHead(200, headers);
  response.end(body);
});
server.keepAliveTimeout = 60_000;
const [host, port] = place.split(':');
server.listen(kind === 'unix' ? { path: place } : { host, port: Number(port) }, () => {
  const address = server.address();
  process.stderr.write(` Ready  ${typeof address === 'string' ? address : `${host}:${address.port}`}\n`);
});
