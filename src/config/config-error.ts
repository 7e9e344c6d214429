import { shown } from './shown.ts';

/** One thing that is wrong with the configuration, for people to correct. Holds no secret: see `shown`. */
export interface ConfigError {
  /** Where it was said: the file's path, a variable's name or a flag's name. */
  readonly source: string;
  /** Line and column of the file, from 1. The column counts UTF-16 units, as editors do. */
  readonly line?: number;
  readonly column?: number;
  /** The setting or section, as in `imds.endpoint`. Undefined where none can be named, as in a syntax error. */
  readonly key: string | undefined;
  /** The rule that was broken, completing a sentence about the key. */
  readonly rule: string;
  /** What was found instead, shortened and safe to print. */
  readonly found: string | undefined;
  /** A whole sentence. */
  readonly nextStep: string;
}

/** One line: `/etc/rolekeeper/config.toml:3:18: imds.check_interval must be …; found "2h". Write …` */
export function formatConfigError(error: ConfigError): string {
  const place = [shown(error.source), error.line, error.column]
    .filter((part) => part !== undefined)
    .join(':');
  const subject = error.key === undefined ? error.rule : `${error.key} ${error.rule}`;
  const found = error.found === undefined ? '' : `; found ${error.found}`;
  return `${place}: ${subject}${found}. ${error.nextStep}`;
}
