/** An HTTP server that gives slow clients up and ends in order. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { serve } from '@hono/node-server';

export interface Listener {
  readonly port: number;
  /** `http://host:port`. */
  readonly url: string;
  /** Bytes over all connections since the start. */
  traffic(): { readonly received: number; readonly sent: number };
  /** Takes no new connections, lets requests under way end, and cuts what still stands after the grace. */
  close(): Promise<void>;
}

export interface ListenerOptions {
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
  /** Seconds in which a whole request must have come in. */
  readonly requestSeconds: number;
}

type Fetch = (request: Request) => Response | Promise<Response>;

const GRACE_MS = 5000;
const HEADERS_SECONDS = 10;
const KEEP_ALIVE_MS = 10_000;

/** Listens. Throws where the port is taken. */
export async function listen(fetch: Fetch, options: ListenerOptions): Promise<Listener> {
  const { host, port, requestSeconds } = options;
  let isClosing = false;
  const sockets = new Set<Socket>();
  const closed = { received: 0, sent: 0 };
  const headersSeconds = Math.min(HEADERS_SECONDS, requestSeconds);
  const server = serve({
    async fetch(request) {
      const response = await fetch(request);
      if (isClosing) response.headers.set('connection', 'close');
      return response;
    },
    port,
    hostname: host,
    serverOptions: {
      headersTimeout: headersSeconds * 1000,
      requestTimeout: requestSeconds * 1000,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Node only looks at the two timeouts this often.
      connectionsCheckingInterval: Math.min(1000, headersSeconds * 500),
    },
  }) as Server;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      closed.received += socket.bytesRead;
      closed.sent += socket.bytesWritten;
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
  });
  const address = server.address();
  const listening = typeof address === 'object' && address ? address.port : port;
  return {
    port: listening,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${listening}`,
    traffic: () =>
      [...sockets].reduce(
        ({ received, sent }, socket) => ({
          received: received + socket.bytesRead,
          sent: sent + socket.bytesWritten,
        }),
        closed,
      ),
    async close() {
      isClosing = true;
      await new Promise<void>((resolve) => {
        const grace = setTimeout(() => server.closeAllConnections(), GRACE_MS);
        server.close(() => {
          clearTimeout(grace);
          resolve();
        });
        server.closeIdleConnections();
      });
    },
  };
}
