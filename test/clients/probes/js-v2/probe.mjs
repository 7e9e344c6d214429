/** One S3 client for as long as there are lines on stdin: see ../README.md. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [, , cacheDirectory] = process.argv;
const { S3 } = createRequire(join(cacheDirectory, 'package.json'))('aws-sdk');
const client = new S3({
  region: 'us-east-1',
  endpoint: process.env.S3_ENDPOINT,
  s3ForcePathStyle: true,
  maxRetries: 0,
});

for await (const _ of createInterface({ input: process.stdin })) {
  process.stdout.write(`${await answer()}\n`);
}

async function answer() {
  try {
    await client.listBuckets().promise();
    return 'ok';
  } catch (error) {
    return `error: ${String(error).replaceAll(/\s+/g, ' ')}`;
  }
}
