/** The same black-box suite on both runtimes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Service, startService } from '../../src/service/node.ts';
import { OPERATOR_TOKEN, type TestEdge, testEdge } from '../support/edge.ts';
import { type RemoteService, remoteService } from './service.ts';
import { conformance } from './suite.ts';
import type { Check } from './work.ts';

const NAMES = conformance(remoteService({ url: 'http://nowhere.invalid', registrationCode: null })).map(
  ({ name }) => name,
);

function checks(service: () => RemoteService): void {
  let all: Check[] = [];
  beforeAll(() => {
    all = conformance(service());
  });
  it.each(NAMES)('%s', async (name) => {
    await all.find((check) => check.name === name)?.run();
  });
}

describe('on Node', () => {
  const folder = mkdtempSync(join(tmpdir(), 'commonground-conformance-'));
  let service: Service;
  let remote: RemoteService;
  beforeAll(async () => {
    service = await startService({ port: 0, data: folder });
    remote = remoteService({ url: service.url, registrationCode: () => service.registrationCode() });
  });
  afterAll(async () => {
    await service.close();
    rmSync(folder, { recursive: true });
  });
  checks(() => remote);
});

describe('on workerd', () => {
  let edge: TestEdge;
  let remote: RemoteService;
  beforeAll(async () => {
    edge = await testEdge();
    const registrationCode = async () => {
      const answer = await fetch(`${edge.url}/operator/registration-codes`, {
        method: 'POST',
        headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
      });
      return ((await answer.json()) as { code: string }).code;
    };
    remote = remoteService({ url: edge.url, registrationCode });
  });
  afterAll(() => edge.close());
  checks(() => remote);
});
