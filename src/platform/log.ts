import { config, createLogger, format, type Logform, transports } from 'winston';
import type { Clock, Log, LogFields } from '../domain/ports.ts';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';
/** `journal`: a priority prefix per line (sd-daemon(3)), time and unit being the journal's own business. */
export type LogFormat = 'json' | 'text' | 'journal';

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly clock: Clock;
  readonly stream: NodeJS.WritableStream;
}

const JOURNAL_PRIORITY: Record<string, number> = { error: 3, warn: 4, info: 6, debug: 7 };

/** One line per event on the stream. A reader of the log that goes away does not end the agent. */
export function createLog({ level, format: shape, clock, stream }: LogOptions): Log {
  stream.on('error', () => {});
  const logger = createLogger({
    level,
    levels: config.npm.levels,
    format: format.printf((line) => render(shape, line, new Date(clock.now()))),
    transports: [new transports.Stream({ stream })],
  });
  const write = (name: LogLevel) => (message: string, fields?: LogFields) => {
    logger.log(name, message, { fields });
  };
  return { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') };
}

/** `auto` is the journal's form where systemd has connected our output to it, and text elsewhere. */
export function logFormat(setting: 'auto' | 'json' | 'text', env: NodeJS.ProcessEnv): LogFormat {
  if (setting !== 'auto') return setting;
  return env.JOURNAL_STREAM === undefined ? 'text' : 'journal';
}

function render(shape: LogFormat, line: Logform.TransformableInfo, time: Date): string {
  const fields = (line.fields ?? {}) as LogFields;
  const message = String(line.message);
  if (shape === 'json') {
    return JSON.stringify({ time: time.toISOString(), level: line.level, message, ...fields });
  }
  const text = `${oneLine(message)}${pairs(fields)}`;
  return shape === 'journal'
    ? `<${JOURNAL_PRIORITY[line.level] ?? 6}>${text}`
    : `${time.toISOString()} ${line.level.padEnd(5)} ${text}`;
}

function pairs(fields: LogFields): string {
  let text = '';
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) text += ` ${name}=${/^[^\s"=]+$/.test(String(value)) ? value : quoted(value)}`;
  }
  return text;
}

function quoted(value: unknown): string {
  return JSON.stringify(String(value));
}

/** A line break in a message would let its author write log lines of his own. */
function oneLine(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to take out
  return message.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ');
}
