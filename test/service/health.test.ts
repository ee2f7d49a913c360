import { expect, it } from 'vitest';
import { HEALTH_CODES } from '../../protocol/health.ts';
import { testPartnership } from '../support/service-app.ts';
import { NOW_MS } from '../support/service-parties.ts';

const report = (code: string, version = '1.2.3') => ({ json: { code, version } });

it('shows an agent’s report to its partner and not to itself, and keeps only the newest', async () => {
  const world = await testPartnership('opened');
  const { clock } = world.service;
  const shown = async () => (await world.as('founder', 'GET', '')).json?.since;
  expect((await world.as('joiner', 'PUT', '/health', report('you_grant'))).status).toBe(200);
  clock.nowMs += 60_000;
  // The same again changes nothing, so the time tells since when.
  expect((await world.as('joiner', 'PUT', '/health', report('you_grant'))).status).toBe(200);
  const health = { code: 'you_grant', version: '1.2.3', since: new Date(NOW_MS).toISOString() };
  expect(await shown()).toMatchObject({ health });
  await world.as('founder', 'GET', '');
  expect((await world.as('joiner', 'GET', '')).json?.since).toMatchObject({ health: null });
  await world.as('joiner', 'PUT', '/health', report('you_grant', '1.2.4'));
  await world.as('joiner', 'PUT', '/health', report('local_problem', '1.2.4'));
  const since = new Date(NOW_MS + 60_000).toISOString();
  expect(await shown()).toMatchObject({ health: { code: 'local_problem', version: '1.2.4', since } });
  expect(world.service.store(world.pair.partnership).all('select * from health')).toEqual([
    { side: 1, code: 'local_problem', version: '1.2.4', since_ms: NOW_MS + 60_000 },
  ]);
});

it('takes every code of the list, and no other and no text', async () => {
  const world = await testPartnership('opened');
  for (const code of HEALTH_CODES)
    expect((await world.as('joiner', 'PUT', '/health', report(code))).status, code).toBe(200);
  for (const wrong of [
    report('siemens.com'),
    report('Stopped'),
    report('stopped', '1.2'),
    report('stopped', '1.2.3 on host'),
    { json: { code: 'stopped', version: '1.2.3', text: 'the disk of db7 is full' } },
    { json: { code: 'stopped' } },
  ]) {
    expect((await world.as('joiner', 'PUT', '/health', wrong)).code).toBe('invalid_request');
  }
});

it('takes none before the two know each other', async () => {
  const world = await testPartnership('accepted');
  expect((await world.as('joiner', 'PUT', '/health', report('stopped'))).code).toBe('not_opened');
});
