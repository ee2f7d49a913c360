/** The port: slow clients, an orderly end, and what is served beside it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { listen } from '../../src/service/listener.ts';
import { startService } from '../../src/service/node.ts';

const folder = mkdtempSync(join(tmpdir(), 'commonground-listener-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Sends the first text at once, then a byte of the second every 50 ms; gives what came back when it was cut off. */
async function dribble(port: number, first: string, rest: string): Promise<{ text: string; ms: number }> {
  const begun = performance.now();
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (data) => {
    text += data.toString();
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.write(first);
  const timer = setInterval(() => {
    socket.write(rest[0] ?? '');
    rest = rest.slice(1);
  }, 50);
  await closed;
  clearInterval(timer);
  return { text, ms: performance.now() - begun };
}

describe('a client that sends a byte now and then', () => {
  it('is cut off in its headers and in its body, while others are served', async () => {
    const service = await startService({
      port: 0,
      data: join(folder, 'slow'),
      limits: { requestSeconds: 1 },
    });
    const port = Number(new URL(service.url).port);
    const endless = 'x'.repeat(10_000);
    const body =
      'POST /v1/login/challenges HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{"';
    const slow = [
      ...Array.from({ length: 20 }, () => dribble(port, 'GET /healthz HTTP/1.1\r\nhost: x\r\nx: ', endless)),
      ...Array.from({ length: 20 }, () => dribble(port, body, endless)),
      // One that says nothing at all.
      dribble(port, '', ''),
    ];
    const begun = performance.now();
    for (let i = 0; i < 20; i++) expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
    expect((performance.now() - begun) / 20).toBeLessThan(100);
    for (const { text, ms } of await Promise.all(slow)) {
      expect(text).toMatch(/^$|^HTTP\/1\.1 (408|400) /);
      expect(ms).toBeGreaterThan(400);
      expect(ms).toBeLessThan(8000);
    }
    await service.close();
  });
});

describe('the end', () => {
  it('lets a request under way end, and says on a connection that stands that it is over', async () => {
    let finish: () => void = () => undefined;
    const listener = await listen(
      async () => {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return new Response('done');
      },
      { host: '127.0.0.1', port: 0, requestSeconds: 10 },
    );
    const asked = fetch(listener.url);
    await sleep(100);
    const closed = listener.close();
    await expect(fetch(listener.url)).rejects.toThrow();
    finish();
    const response = await asked;
    expect([await response.text(), response.headers.get('connection')]).toEqual(['done', 'close']);
    await closed;
    const { received, sent } = listener.traffic();
    expect([received > 50, sent > 50]).toEqual([true, true]);
  });

  it('is announced to whoever asks for readiness before the databases are closed', async () => {
    const service = await startService({ port: 0, adminPort: 0, data: join(folder, 'end') });
    const admin = service.adminUrl ?? '';
    for (const url of [service.url, admin]) {
      const ready = await fetch(`${url}/readyz`);
      expect([ready.status, await ready.json()]).toEqual([200, { ok: true }]);
    }
    // A request that is under way keeps the service up.
    const socket: Socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n');
    await sleep(100);
    const closed = service.close();
    const response = await fetch(`${admin}/readyz`);
    expect([response.status, await response.json()]).toEqual([503, { ok: false }]);
    socket.end('\r\n');
    await closed;
    await expect(fetch(`${admin}/readyz`)).rejects.toThrow();
  });

  it('comes also when the admin port is taken at the start', async () => {
    const first = await startService({ port: 0, adminPort: 0, data: join(folder, 'one') });
    const adminPort = Number(new URL(first.adminUrl ?? '').port);
    const options = { port: 0, adminPort, data: join(folder, 'two') };
    await expect(startService(options)).rejects.toThrow(/EADDRINUSE/);
    await first.close();
  });
});

describe('metrics', () => {
  it('are on the admin port alone, and count without naming', async () => {
    const service = await startService({
      port: 0,
      adminPort: 0,
      data: join(folder, 'm'),
      registration: 'open',
    });
    const admin = service.adminUrl ?? '';
    expect((await fetch(`${service.url}/metrics`)).status).toBe(404);
    const id = `org_${'0'.repeat(32)}`;
    for (const path of ['healthz', 'v1/service', `v1/partnerships/prt_${'0'.repeat(32)}`, `secret-${id}`]) {
      await (await fetch(`${service.url}/${path}`)).text();
    }
    await (await fetch(service.url, { method: 'PROPFIND' })).text();
    const response = await fetch(`${admin}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=/);
    const page = await response.text();
    for (const line of [
      'commonground_requests_total{method="GET",route="/healthz",status="200"} 1',
      'commonground_requests_total{method="GET",route="/v1/partnerships/:partnership",status="401"} 1',
      'commonground_requests_total{method="other",route="other",status="404"} 3',
      'commonground_request_seconds_count{method="GET",route="/v1/service"} 1',
      'commonground_rate_limited_total 0',
      'commonground_chunks_stored_total 0',
      'commonground_snapshots_total 0',
      'commonground_open_partnership_files 0',
    ]) {
      expect(page.split('\n')).toContain(line);
    }
    for (const name of ['received_bytes_total', 'sent_bytes_total']) {
      expect(Number(new RegExp(`^commonground_${name} (\\d+)`, 'm').exec(page)?.[1])).toBeGreaterThan(100);
    }
    for (const name of ['nodejs_eventloop_lag_seconds', 'process_resident_memory_bytes']) {
      expect(page).toMatch(new RegExp(`^${name} `, 'm'));
    }
    expect(page).not.toMatch(/org_|prt_|secret|PROPFIND/);
    await service.close();
  });
});
