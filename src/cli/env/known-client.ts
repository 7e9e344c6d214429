/** A way to the agent that a client can be led to by its environment; `exec` is for those that none leads there. */
export type Surface = (typeof surfaces)[number];

export const surfaces = ['container', 'process', 'imds', 'file', 'exec'] as const;

export interface KnownClient {
  /** The first is shown, all are understood. */
  readonly names: readonly [string, ...string[]];
  /** Which program, and which versions of it. */
  readonly what: string;
  /** Best first. */
  readonly surfaces: readonly [Surface, ...Surface[]];
  /** The container endpoint's authorization token: read from a file (the default), or only from a variable. */
  readonly token?: 'value';
  /** The IMDS-compatible endpoint's URL needs to end in a slash. The default has none: most clients append a path. */
  readonly slash?: true;
  /** On these it looks into the file in question only when AWS_SDK_LOAD_CONFIG tells it to. */
  readonly loadConfig?: readonly Surface[];
  /** Variables that make it use its environment at all. */
  readonly also?: Readonly<Record<string, string>>;
  /** Where this surface fails it goes on to IMDS without a word, and so to the whole instance's role. */
  readonly fallsThrough?: readonly Surface[];
  /** One line: why this surface. */
  readonly why: string;
  /** Where that is known from. */
  readonly evidence: string;
  /** For `exec`: how the program is given the set. */
  readonly example?: string;
}

/** Versions that read the token from a file: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-minimum-sdk.html */
export const POD_IDENTITY = "AWS's list of SDK versions for EKS Pod Identity";
export const ALL = ['container', 'process', 'imds', 'file'] as const;
export const PROCESS_FIRST = ['process', 'container', 'imds', 'file'] as const;
export const REFRESHES = 'asks again before the set ends; nothing to write or to run';
export const LINK_LOCAL = 'knows 169.254.169.254 only, so it gets one set for the time that it runs';
