// Takes the credentials once, as the SDK for JavaScript does: sdk.mjs imds | container.
import { fromHttp, fromInstanceMetadata } from '@aws-sdk/credential-providers';

const provider = process.argv[2] === 'imds' ? fromInstanceMetadata() : fromHttp();
const { accessKeyId } = await provider();
process.stdout.write(accessKeyId);
