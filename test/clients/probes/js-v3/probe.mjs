/** One S3 client for as long as there are lines on stdin: see ../README.md. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [, , cacheDirectory] = process.argv;
const { ListBucketsCommand, S3Client } = createRequire(join(cacheDirectory, 'package.json'))(
  '@aws-sdk/client-s3',
);
const client = new S3Client({
  region: 'us-east-1',
  endpoint: process.env.S3_ENDPOINT,
  forcePathStyle: true,
  maxAttempts: 1,
});

for await (const _ of createInterface({ input: process.stdin })) {
  process.stdout.write(`${await answer()}\n`);
}

async function answer() {
  try {
    await client.send(new ListBucketsCommand({}));
    return 'ok';
  } catch (error) {
    return `error: ${String(error).replaceAll(/\s+/g, ' ')}`;
  }
}
