/** Structured logs: a JSON line an event. Nothing in them says who asked for what; the only importer of pino. */
import { type DestinationStream, type Logger, pino } from 'pino';
import type { Config } from './config.ts';
import type { SeenRequest } from './routes/http.ts';

export interface Log {
  /** A request: errors of the service at level error, what else was refused or answered at info. */
  request(seen: SeenRequest): void;
  /** An error that nobody foresaw, with the id of its request where it has one. */
  error(error: unknown, requestId?: string): void;
  /** Something the operator should know; the text is fixed, but for what the operator itself has set. */
  info(text: string): void;
}

/** A log of this level and above on standard error, or where it is told. */
export function openLog(
  level: Config['logLevel'],
  destination: DestinationStream = pino.destination({ dest: 2, sync: true }),
): Log {
  const logger: Logger = pino(
    {
      level,
      // Neither process nor machine: whoever collects the lines knows from where.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return {
    request({ id, method, route, status, ms, problem }) {
      const line = { requestId: id, method, route, status, ms, ...(problem && { problem }) };
      if (status >= 500) logger.error(line, 'request');
      else logger.info(line, 'request');
    },
    error(error, requestId) {
      logger.error({ ...(requestId && { requestId }), error: redacted(error) }, 'error');
    },
    info: (text) => logger.info(text),
  };
}

interface RedactedError {
  readonly name: string;
  readonly message: string;
  readonly stack: readonly string[];
}

/**
 * The error without what it quotes: a message can hold a part of a body, a path or an id. Of the stack only the frames
 * stay, which name places in the code.
 */
function redacted(error: unknown): RedactedError {
  if (!(error instanceof Error)) return { name: typeof error, message: '', stack: [] };
  const message = error.message
    .replace(/"[^"]*"?|'[^']*'?|`[^`]*`?/g, '…')
    .replace(/[\w+/=-]{16,}/g, '…')
    .replace(/\/[^\s:,)]*/g, '…');
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { name: error.name, message, stack: frames.map((line) => line.trim()) };
}
