import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ServiceRefusal, Transport } from '../../src/agent/transport.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

/** A service that gives these answers one after the other, the last one for ever; and how often it was asked. */
async function answering(...answers: RequestListener[]): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const listening = createServer((request, response) => {
    const answer = answers[Math.min(asked++, answers.length - 1)];
    request.resume();
    request.on('end', () => answer?.(request, response));
  });
  server = listening;
  await new Promise<void>((resolve) => {
    listening.listen(0, '127.0.0.1', resolve);
  });
  return { url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`, asked: () => asked };
}

const status =
  (code: number, headers: Record<string, string> = {}, body = '{}'): RequestListener =>
  (_request, response) =>
    void response.writeHead(code, headers).end(body);

const ask = (url: string, options = {}) =>
  new Transport(url, Date.now, options).call('POST', '/v1/question', { body: {} }, null);

describe('a call to the service', () => {
  it('waits as long as the service asks, in seconds or until a date', async () => {
    const { url, asked } = await answering(
      status(503, { 'retry-after': '1' }),
      status(429, { 'retry-after': new Date(Date.now() + 3000).toUTCString() }),
      status(200),
    );
    const begun = Date.now();
    expect((await ask(url)).ok).toBe(true);
    // The date has whole seconds, so it is 2 to 3 seconds from the start.
    expect(Date.now() - begun).toBeGreaterThan(1900);
    expect(asked()).toBe(3);
  });

  it('does not wait for an hour', async () => {
    const { url, asked } = await answering(status(503, { 'retry-after': '3600' }));
    const refusal = await ask(url).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ServiceRefusal);
    expect(refusal).toMatchObject({ retryAfterMs: 3_600_000 });
    expect(asked()).toBe(1);
  });

  it('asks a question again after an error of the service, a request that took too long, an answer that broke off', async () => {
    const { url, asked } = await answering(
      status(500),
      status(408),
      (_request, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('{"half":');
        setTimeout(() => response.destroy(), 50);
      },
      status(200, {}, '{"whole":true}'),
    );
    expect(new TextDecoder().decode((await ask(url)).body)).toBe('{"whole":true}');
    expect(asked()).toBe(4);
  });

  it('does not repeat what was refused for good, and gives up at some time', async () => {
    const refusing = await answering(status(409, {}, '{"code":"conflict","title":"Taken"}'));
    await expect(ask(refusing.url)).rejects.toMatchObject({ serviceCode: 'conflict', retryAfterMs: null });
    expect(refusing.asked()).toBe(1);
    server?.close();
    const failing = await answering(status(500));
    await expect(ask(failing.url, { attempts: 3 })).rejects.toMatchObject({ code: 'service_refused' });
    expect(failing.asked()).toBe(3);
    server?.close();
    const cut = await answering((_request, response) => void response.destroy());
    await expect(ask(cut.url, { attempts: 2 })).rejects.toMatchObject({ code: 'service_unreachable' });
  });

  it('ends at once when it is told to', async () => {
    const { url } = await answering(status(503, { 'retry-after': '20' }));
    const ending = new AbortController();
    const begun = Date.now();
    setTimeout(() => ending.abort(), 200);
    await expect(ask(url, { signal: ending.signal })).rejects.toThrow(/abort/i);
    expect(Date.now() - begun).toBeLessThan(3000);
  });
});
