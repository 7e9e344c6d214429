/**
 * What AWS's SDKs take, as read in their sources and seen in runs of them: which host of a container URI, how long they
 * wait, how much they read.
 */

export interface Limit {
  readonly sdk: string;
  readonly most: number;
}

/** Milliseconds that a client of each surface waits for one answer, the shortest first. */
export const DEADLINES: Readonly<Record<'imds_endpoint' | 'container_endpoint', readonly Limit[]>> = {
  imds_endpoint: [
    { sdk: 'Go v2', most: 500 },
    { sdk: 'botocore, JavaScript, Go v1, Rust, Java, C++, CRT, PHP, Ruby, Kotlin', most: 1_000 },
    { sdk: '.NET', most: 5_000 },
  ],
  container_endpoint: [
    { sdk: 'JavaScript v2, Java, C++, PHP', most: 1_000 },
    { sdk: 'botocore', most: 2_000 },
    { sdk: 'Rust, Ruby', most: 5_000 },
  ],
};

/** Bytes of one answer, the smallest limit first. */
export const SIZES: Readonly<
  Record<'imds_endpoint' | 'container_endpoint' | 'agent_socket' | 'line_socket', readonly Limit[]>
> = {
  // By way of credential_process, whose whole output is meant.
  agent_socket: [
    { sdk: 'Go v1', most: 8_192 },
    { sdk: 'Java v2', most: 64_000 },
  ],
  line_socket: [{ sdk: 'Go v1', most: 8_192 }],
  container_endpoint: [{ sdk: 'CRT (Mountpoint for S3, Swift)', most: 10_000 }],
  imds_endpoint: [{ sdk: 'CRT (Mountpoint for S3, Swift)', most: 65_535 }],
};

/** How the SDKs judge the host of AWS_CONTAINER_CREDENTIALS_FULL_URI where its scheme is http. */
export const HOST_RULES: readonly { readonly sdk: string; readonly accepts: (host: string) => boolean }[] = [
  { sdk: 'JavaScript v2', accepts: isFirstLoopback },
  { sdk: 'JavaScript v3, the second of its two providers', accepts: isFirstLoopback },
  { sdk: 'Kotlin', accepts: (host) => host === '127.0.0.1' || host === '::1' },
  { sdk: 'C++', accepts: (host) => host.startsWith('127.0.0.') || host === '::1' },
];

/** What clients do under so much life left, the widest window first. Minutes. */
export const WINDOWS: readonly { readonly sdk: string; readonly minutes: number; readonly does: string }[] = [
  { sdk: 'boto3 and the AWS CLI (container, process), .NET', minutes: 15, does: 'ask at every use' },
  { sdk: 'JavaScript, Go, Ruby, CRT', minutes: 5, does: 'ask at every use' },
];

/** The same of the IMDS shape: its window of 15 minutes, and up to 10 more by chance. */
export const IMDS_WINDOW = {
  sdk: 'boto3 and the AWS CLI (IMDS shape)',
  minutes: 25,
  does: 'take the set for valid 17 to 25 minutes from now, past its end',
} as const;

function isFirstLoopback(host: string): boolean {
  return host === '127.0.0.1' || host === 'localhost';
}
