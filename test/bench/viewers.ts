/**
 * Viewers who turn pages, as a process of its own: each has one connection, and no library's work on the answers takes the
 * cores from the service that is measured. It is told what to do by a message and answers with the times, milliseconds.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Turning {
  readonly port: number;
  readonly path: string;
  readonly token: string;
  /** Bodies of the requests; each viewer takes every so manyth. */
  readonly bodies: readonly string[];
  readonly viewers: number;
  /** Pages a viewer turns. */
  readonly turns: number;
  readonly everySeconds: number;
}

process.once('message', (turning: Turning) => {
  void turnPages(turning).then((times) => process.send?.(times, () => process.disconnect()));
});

async function turnPages(turning: Turning): Promise<number[]> {
  const times: number[] = [];
  const viewer = async (number: number) => {
    const { port, bodies, viewers, turns, everySeconds } = turning;
    await sleep((1000 * everySeconds * number) / viewers);
    const socket = connect(port, '127.0.0.1').setNoDelay(true);
    await once(socket, 'connect');
    let isReading = true;
    socket.once('close', () => {
      if (isReading) throw new Error('the service closed a connection');
    });
    for (let turn = 0; turn < turns; turn++) {
      times.push(await ask(socket, turning, bodies[(number + turn * viewers) % bodies.length] ?? ''));
      // Pages are read as they come: nobody turns them in step with others.
      await sleep(1000 * everySeconds * (0.5 + Math.random()));
    }
    isReading = false;
    socket.destroy();
  };
  await Promise.all(Array.from({ length: turning.viewers }, (_, number) => viewer(number)));
  return times;
}

/** Milliseconds until the last byte of the answer. */
function ask(socket: Socket, { port, path, token }: Turning, body: string): Promise<number> {
  return new Promise((resolve) => {
    const begun = performance.now();
    let expected = Number.POSITIVE_INFINITY;
    let received = 0;
    const take = (data: Buffer) => {
      if (received === 0) expected = answerLength(data);
      received += data.length;
      if (received < expected) return;
      socket.off('data', take);
      resolve(performance.now() - begun);
    };
    socket.on('data', take);
    const head = [
      `POST ${path} HTTP/1.1`,
      `host: 127.0.0.1:${port}`,
      `authorization: Bearer ${token}`,
      'content-type: application/json',
      `content-length: ${body.length}`,
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  });
}

/** Bytes of an answer, whose head is in its first piece. */
function answerLength(first: Buffer): number {
  const end = first.indexOf('\r\n\r\n');
  const head = first.toString('latin1', 0, end);
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  if (end < 0 || !head.startsWith('HTTP/1.1 200 ') || length === undefined) {
    throw new Error(`a page was answered: ${head}`);
  }
  return end + 4 + Number(length);
}
