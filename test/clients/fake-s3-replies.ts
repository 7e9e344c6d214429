import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

interface S3Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const MODIFIED = '2026-11-23T08:00:05.000Z';
const OWNER = '<Owner><ID>example</ID><DisplayName>example</DisplayName></Owner>';

/** As much of S3 as the programs ask for, in memory; paths are `/BUCKET/KEY`. Any bucket can be written to. */
export function objectStore(): { answer(request: IncomingMessage, body: Buffer): S3Reply } {
  const objects = new Map<string, Buffer>([['example/hello.txt', Buffer.from('hello\n')]]);

  return {
    answer({ method = '', url = '', headers: { host = '' } }, body) {
      const { pathname, searchParams } = new URL(url, 'http://s3.invalid');
      // s3backer names the bucket in the host, whatever it is told.
      const path = host.startsWith('example.') ? `/example${pathname}` : pathname;
      const [bucket = '', ...rest] = decodeURIComponent(path).replace(/^\/+/, '').split('/');
      const key = rest.join('/');
      if (bucket === '') return xml(200, bucketList());
      if (key === '') return bucketReply(method, bucket, searchParams, body);
      return objectReply(method, `${bucket}/${key}`, body);
    },
  };

  function bucketReply(method: string, bucket: string, query: URLSearchParams, body: Buffer): S3Reply {
    if (method === 'HEAD' || method === 'PUT') return empty(200);
    if (method === 'POST') return xml(200, deleted(bucket, body));
    if (query.has('location')) return xml(200, '<LocationConstraint xmlns="NS"/>');
    if (query.has('versioning')) return xml(200, '<VersioningConfiguration xmlns="NS"/>');
    return xml(200, objectList(bucket, query));
  }

  function objectReply(method: string, name: string, body: Buffer): S3Reply {
    if (method === 'PUT') objects.set(name, body);
    if (method === 'DELETE') objects.delete(name);
    if (method === 'DELETE') return empty(204);
    const object = objects.get(name);
    if (object === undefined) return xml(404, error('NoSuchKey', 'The specified key does not exist.'));
    return {
      status: 200,
      headers: { ETag: etag(object), 'Last-Modified': new Date(MODIFIED).toUTCString() },
      body: method === 'PUT' ? Buffer.alloc(0) : object,
    };
  }

  function objectList(bucket: string, query: URLSearchParams): string {
    const prefix = query.get('prefix') ?? '';
    const delimiter = query.get('delimiter') ?? '';
    const prefixes = new Set<string>();
    const contents: string[] = [];
    for (const [name, object] of objects) {
      const key = name.slice(bucket.length + 1);
      if (!name.startsWith(`${bucket}/`) || !key.startsWith(prefix)) continue;
      const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      if (end === -1) contents.push(contentsOf(key, object));
      else prefixes.add(key.slice(0, end + delimiter.length));
    }
    return [
      `<ListBucketResult xmlns="NS"><Name>${bucket}</Name><Prefix>${prefix}</Prefix><Marker></Marker>`,
      `<KeyCount>${contents.length + prefixes.size}</KeyCount><MaxKeys>1000</MaxKeys>`,
      `<Delimiter>${delimiter}</Delimiter><IsTruncated>false</IsTruncated>`,
      ...contents,
      ...[...prefixes].map((each) => `<CommonPrefixes><Prefix>${each}</Prefix></CommonPrefixes>`),
      '</ListBucketResult>',
    ].join('');
  }

  function deleted(bucket: string, body: Buffer): string {
    const keys = [...body.toString().matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key = '']) => key);
    for (const key of keys) objects.delete(`${bucket}/${key}`);
    return `<DeleteResult xmlns="NS">${keys.map((key) => `<Deleted><Key>${key}</Key></Deleted>`).join('')}</DeleteResult>`;
  }
}

/** To whoever signs with nothing: like a bucket that is not public. */
export function accessDenied(): S3Reply {
  return xml(403, error('AccessDenied', 'Access Denied'));
}

function bucketList(): string {
  return `<ListAllMyBucketsResult xmlns="NS">${OWNER}<Buckets><Bucket><Name>example</Name><CreationDate>${MODIFIED}</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>`;
}

function contentsOf(key: string, object: Buffer): string {
  return `<Contents><Key>${key}</Key><LastModified>${MODIFIED}</LastModified><ETag>${etag(object)}</ETag><Size>${object.length}</Size>${OWNER}<StorageClass>STANDARD</StorageClass></Contents>`;
}

function error(code: string, message: string): string {
  return `<Error><Code>${code}</Code><Message>${message}</Message><RequestId>example</RequestId></Error>`;
}

function etag(object: Buffer): string {
  return `"${createHash('md5').update(object).digest('hex')}"`;
}

function xml(status: number, text: string): S3Reply {
  const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${text.replace('"NS"', `"${namespace}"`)}`;
  return { status, headers: { 'Content-Type': 'application/xml' }, body: Buffer.from(body) };
}

function empty(status: number): S3Reply {
  return { status, headers: {}, body: Buffer.alloc(0) };
}
