/** What log lines hold, on every runtime: nothing in them says who asked for what. */
import type { SeenRequest } from './routes/http.ts';

export interface Log {
  /** A request: errors of the service at level error, what else was refused or answered at info. */
  request(seen: SeenRequest): void;
  /** An error that nobody foresaw, with the id of its request where it has one. */
  error(error: unknown, requestId?: string): void;
  /** Something the operator should know; the text is fixed, but for what the operator itself has set. */
  info(text: string): void;
}

export type LogLevel = 'silent' | 'error' | 'warn' | 'info';

const LEVELS: readonly LogLevel[] = ['silent', 'error', 'warn', 'info'];

/** A log of this level and above, a JSON line an event, on what the runtime collects its console with. */
export function consoleLog(level: LogLevel, now: () => number, write: (line: string) => void): Log {
  const line = (of: LogLevel, content: object, msg: string) => {
    if (LEVELS.indexOf(of) > LEVELS.indexOf(level)) return;
    write(JSON.stringify({ level: of, time: new Date(now()).toISOString(), ...content, msg }));
  };
  return {
    request: (seen) => line(seen.status >= 500 ? 'error' : 'info', requestLine(seen), 'request'),
    error: (error, requestId) =>
      line('error', { ...(requestId && { requestId }), error: redacted(error) }, 'error'),
    info: (text) => line('info', {}, text),
  };
}

/** What a line tells of a request. */
export function requestLine({ id, method, route, status, ms, problem }: SeenRequest): object {
  return { requestId: id, method, route, status, ms, ...(problem && { problem }) };
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
export function redacted(error: unknown): RedactedError {
  if (!(error instanceof Error)) return { name: typeof error, message: '', stack: [] };
  const message = error.message
    .replace(/"[^"]*"?|'[^']*'?|`[^`]*`?/g, '…')
    .replace(/[\w+/=-]{16,}/g, '…')
    .replace(/\/[^\s:,)]*/g, '…');
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { name: error.name, message, stack: frames.map((line) => line.trim()) };
}
