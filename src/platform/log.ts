import { fstatSync } from 'node:fs';
import { config, createLogger, format, type Logform, transports } from 'winston';
import type { Clock, Log, LogFields } from '../domain/ports.ts';
import { createLogLimit, type LogLimit } from './log-limit.ts';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';
/** `journal`: a priority prefix per line (sd-daemon(3)), time and unit being the journal's own business. */
export type LogFormat = 'json' | 'text' | 'journal';

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly clock: Clock;
  readonly stream: NodeJS.WritableStream;
  /** Whether lines of one kind are held to a number. Default: every line is written. */
  readonly isLimited?: boolean;
  readonly limit?: LogLimit;
}

/** What ends a line, or moves the cursor of whoever reads the log on a terminal. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}]/gu;

const JOURNAL_PRIORITY: Record<string, number> = { error: 3, warn: 4, info: 6, debug: 7 };

export interface AgentLog extends Log {
  /** Writes so from now on. */
  adjust(options: Pick<LogOptions, 'level' | 'format'>): void;
}

/** One line per event on the stream. A reader of the log that goes away does not end the agent. */
export function createLog(options: LogOptions): AgentLog {
  const { level, format: first, clock, stream, isLimited = false } = options;
  const limit = options.limit ?? (isLimited ? createLogLimit({ clock }) : undefined);
  let shape = first;
  stream.on('error', () => {});
  const logger = createLogger({
    level,
    levels: config.npm.levels,
    format: format.printf((line) => render(shape, line, new Date(clock.now()))),
    transports: [new transports.Stream({ stream })],
  });
  const write = (name: LogLevel) => (message: string, given?: LogFields) => {
    // Lines that the level keeps out are no lines.
    if (!logger.isLevelEnabled(name)) return;
    const { leftOut } = limit === undefined ? { leftOut: 0 } : (limit.admit(message) ?? {});
    if (leftOut === undefined) return;
    const fields = leftOut === 0 ? given : { ...given, left_out: leftOut };
    // As one object: given a text, winston looks for %s and its like in it, and drops the fields where it finds one.
    logger.log({ level: name, message, fields });
  };
  return {
    error: write('error'),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
    adjust(next) {
      logger.level = next.level;
      shape = next.format;
    },
  };
}

/**
 * `auto` is the journal's form where systemd has connected our stderr to it, and text elsewhere. The variable alone does not
 * say so: every program that a service starts inherits it, wherever its output goes (systemd.exec(5), `$JOURNAL_STREAM`).
 */
export function logFormat(
  setting: 'auto' | 'json' | 'text',
  env: NodeJS.ProcessEnv,
  stderr = streamName(2),
): LogFormat {
  if (setting !== 'auto') return setting;
  return stderr !== undefined && env.JOURNAL_STREAM === stderr ? 'journal' : 'text';
}

/** As systemd names a stream: device and inode. */
function streamName(descriptor: number): string | undefined {
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function render(shape: LogFormat, line: Logform.TransformableInfo, time: Date): string {
  const fields = (line.fields ?? {}) as LogFields;
  const message = String(line.message);
  if (shape === 'json') {
    return escaped(JSON.stringify({ time: time.toISOString(), level: line.level, message, ...fields }));
  }
  const text = `${oneLine(message)}${pairs(fields)}`;
  return shape === 'journal'
    ? `<${JOURNAL_PRIORITY[line.level] ?? 6}>${text}`
    : `${time.toISOString()} ${line.level.padEnd(5)} ${text}`;
}

function pairs(fields: LogFields): string {
  let text = '';
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) text += ` ${name}=${isBare(String(value)) ? value : quoted(value)}`;
  }
  return text;
}

function isBare(text: string): boolean {
  return /^[^\s"=]+$/.test(text) && text.search(UNPRINTABLE) === -1;
}

function quoted(value: unknown): string {
  return escaped(JSON.stringify(String(value)));
}

/** JSON leaves some of them as they are. */
function escaped(json: string): string {
  return json.replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A line break in a message would let its author write log lines of his own. */
function oneLine(message: string): string {
  return message.replace(UNPRINTABLE, ' ');
}
