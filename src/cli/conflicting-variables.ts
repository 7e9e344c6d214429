/**
 * Variables that name other credentials than the ones a program is being given, each with what it would do. A surface
 * is only as good as its first competitor: every SDK takes the first source that is configured.
 */

/** Beside a whole set in AWS_ACCESS_KEY_ID and its companions. */
export const CONFLICTING_WITH_KEYS: readonly string[] = [
  // The SDK for JavaScript passes the keys over where a profile is named.
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  // Old names: botocore prefers this session token, the SDKs for Java and Go v1 read these keys.
  'AWS_SECURITY_TOKEN',
  'AWS_ACCESS_KEY',
  'AWS_SECRET_KEY',
  // Belongs to a set, and is none of ours.
  'AWS_CREDENTIAL_SCOPE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
];

/** Keys in the environment win over every surface, in every SDK. */
export const KEYS: readonly string[] = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_ACCESS_KEY',
  'AWS_SECRET_KEY',
];
