/** Structured logs: a JSON line an event. Nothing in them says who asked for what; the only importer of pino. */
import { type DestinationStream, type Logger, pino } from 'pino';
import type { Config } from './config.ts';
import { type Log, redacted, requestLine } from './lines.ts';

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
    request(seen) {
      if (seen.status >= 500) logger.error(requestLine(seen), 'request');
      else logger.info(requestLine(seen), 'request');
    },
    error(error, requestId) {
      logger.error({ ...(requestId && { requestId }), error: redacted(error) }, 'error');
    },
    info: (text) => logger.info(text),
  };
}
