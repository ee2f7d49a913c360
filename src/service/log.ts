/** Structured logs: a JSON line an event. Nothing in them says who asked for what; the only importer of pino. */
import { type DestinationStream, type Logger, pino } from 'pino';
import type { Config } from './config.ts';
import { type Log, redacted, requestLine } from './lines.ts';

const BUFFER_BYTES = 8 * 1024;
const FLUSH_MS = 1000;

/** A log of this level and above on standard error, or where it is told. */
export function openLog(level: Config['logLevel'], destination: LogStream = standardError()): Log {
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
    request(seen) {
      if (seen.status < 500) return logger.info(requestLine(seen), 'request');
      logger.error(requestLine(seen), 'request');
      destination.flush?.();
    },
    error(error, requestId) {
      logger.error({ ...(requestId && { requestId }), error: redacted(error) }, 'error');
      destination.flush?.();
    },
    info(text) {
      logger.info(text);
      destination.flush?.();
    },
  };
}

/** Where lines go; what it keeps back leaves with `flush`. */
interface LogStream extends DestinationStream {
  flush?(): void;
}

let opened: LogStream | null = null;

/**
 * Lines of requests leave together, at the latest after a second and when the process ends: one by one they would cost
 * the thread that answers everybody a twentieth of its time.
 */
function standardError(): LogStream {
  if (opened) return opened;
  // What `flush` writes is written when it returns. `flushSync` would try for ever where nobody reads any more.
  const stream = pino.destination({ dest: 2, sync: true, minLength: BUFFER_BYTES, periodicFlush: FLUSH_MS });
  process.once('exit', () => stream.flush());
  opened = stream;
  return stream;
}
