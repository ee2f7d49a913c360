/** A TCP proxy between agents and service that harms connections by a plan. It reads just enough HTTP to see requests end. */
import { connect, createServer, type Socket } from 'node:net';

/** What happens to one request. */
export type Fault =
  | { readonly do: 'pass' }
  /** The connection is cut before anything of the request arrives. */
  | { readonly do: 'refuse' }
  /** Only the first half of the request arrives, then the connection is cut. */
  | { readonly do: 'halve' }
  /** The request arrives; its answer is cut off before the first byte. */
  | { readonly do: 'lose' }
  /** The answer ends after so many bytes, as if it were whole. */
  | { readonly do: 'truncate'; readonly bytes: number }
  | { readonly do: 'delay'; readonly ms: number }
  | { readonly do: 'hold'; readonly until: Promise<unknown> }
  /** The request arrives on another connection too, before or after this one. */
  | { readonly do: 'duplicate'; readonly when: 'before' | 'after' };

/** Decides about the request with this number, counted over all connections from 1. */
export type Plan = (index: number, line: string) => Fault;

export interface NetworkProxy {
  /** Host and port, as agents name it. */
  readonly host: string;
  /** Forwards to this port of the local machine from now on. */
  target(port: number): void;
  plan(plan: Plan): void;
  /** Called when the first byte of an answer is there and not forwarded yet. */
  onAnswer(listener: (index: number) => void): void;
  close(): Promise<void>;
}

/** Listens on a free local port and lets everything pass until it is given a plan. */
export async function openProxy(): Promise<NetworkProxy> {
  const sockets = new Set<Socket>();
  let targetPort = 0;
  let plan: Plan = () => ({ do: 'pass' });
  let onAnswer: (index: number) => void = () => undefined;
  let requests = 0;

  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // Cutting is this proxy's trade; what breaks on the way is no news.
    socket.on('error', () => socket.destroy());
    return socket;
  };
  const upstream = () => keep(connect(targetPort, '127.0.0.1'));

  /** One client connection: requests one after another, each on a fresh connection to the service. */
  function serve(client: Socket): void {
    let buffered: Buffer = Buffer.alloc(0);
    let busy = false;
    const next = () => {
      const length = busy ? null : requestLength(buffered);
      if (length === null || buffered.length < length) return;
      const request = buffered.subarray(0, length);
      buffered = buffered.subarray(length);
      busy = true;
      const index = ++requests;
      const line = request.subarray(0, request.indexOf('\r\n')).toString();
      void forward(client, request, index, plan(index, line)).then(() => {
        busy = false;
        next();
      });
    };
    client.on('data', (data) => {
      buffered = Buffer.concat([buffered, data]);
      next();
    });
  }

  /** Ends when the answer is through, or everything is cut. */
  async function forward(client: Socket, request: Buffer, index: number, fault: Fault): Promise<void> {
    if (fault.do === 'refuse') return void client.destroy();
    if (fault.do === 'delay') await new Promise((resolve) => setTimeout(resolve, fault.ms));
    if (fault.do === 'hold') await fault.until;
    if (fault.do === 'duplicate' && fault.when === 'before') await exchange(request, () => true);
    const half = fault.do === 'halve';
    let left = fault.do === 'truncate' ? fault.bytes : Number.POSITIVE_INFINITY;
    let answered = false;
    const whole = await exchange(
      half ? request.subarray(0, request.length >> 1) : request,
      (data) => {
        if (!answered) onAnswer(index);
        answered = true;
        if (fault.do === 'lose') return false;
        if (data.length <= left) {
          client.write(data);
          left -= data.length;
          return true;
        }
        client.end(data.subarray(0, left));
        return false;
      },
      half,
    );
    if (fault.do === 'duplicate' && fault.when === 'after') await exchange(request, () => true);
    if (!whole && fault.do !== 'truncate') client.destroy();
  }

  /** Sends bytes on a connection of their own; true when a whole answer came. Stops when `take` says so. */
  function exchange(bytes: Buffer, take: (data: Buffer) => boolean, cut = false): Promise<boolean> {
    return new Promise((resolve) => {
      const server = upstream();
      let head = Buffer.alloc(0);
      let expected: number | null = null;
      let seen = 0;
      let whole = false;
      server.on('connect', () => {
        if (cut) server.end(bytes, () => server.destroy());
        else server.write(bytes);
      });
      server.on('data', (data) => {
        seen += data.length;
        if (expected === null) {
          head = Buffer.concat([head, data]);
          expected = requestLength(head);
        }
        const goOn = take(data);
        whole = goOn && expected !== null && seen >= expected;
        if (!goOn || whole) server.destroy();
      });
      server.on('close', () => resolve(whole));
    });
  }

  const server = createServer((client) => serve(keep(client)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    host: `127.0.0.1:${address.port}`,
    target(port) {
      targetPort = port;
    },
    plan(next) {
      plan = next;
    },
    onAnswer(listener) {
      onAnswer = listener;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Bytes of the message at the front, by its content-length or its chunks; null while that cannot be known yet. */
function requestLength(bytes: Buffer): number | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const head = bytes.subarray(0, end).toString();
  if (/^transfer-encoding: *chunked/im.test(head)) return chunkedLength(bytes, end + 4);
  return end + 4 + Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
}

function chunkedLength(bytes: Buffer, from: number): number | null {
  for (let at = from; ; ) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return null;
    const size = Number.parseInt(bytes.subarray(at, line).toString(), 16);
    at = line + 2 + size + 2;
    if (bytes.length < at) return null;
    if (size === 0) return at;
  }
}
