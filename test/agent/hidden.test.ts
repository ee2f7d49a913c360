import { expect, test } from 'vitest';
import { toHex } from '../../protocol/bytes.ts';
import { type Scope, scopeHash, signScope } from '../../protocol/scope.ts';
import { type Following, followPapers, NO_PAPERS, type Pins } from '../../src/agent/scopes/papers.ts';
import { makeScope, makeWorld } from '../support/parties.ts';
import { seededRandom } from '../support/random.ts';
import { stated } from '../support/scopes.ts';

// Two companies of one. The partner's second version is narrower than the first, the third waits for its time.
const world = makeWorld(seededRandom('hidden'));
const { partnership, founder, joiner } = world;
const party = ({ organisation, root, agent }: typeof founder) => ({
  organisation,
  rootKey: root.publicKey,
  agentKey: agent.publicKey,
});
const parties = { partnership, mine: party(founder), theirs: party(joiner) };

function version(number: number, before: Uint8Array | null, change: Partial<Scope> = {}) {
  const previous = before && toHex(scopeHash(before));
  const signed = signScope(makeScope(world, 'joiner', { number, previous, ...change }), joiner.agent.seed);
  const place = { partnership, organisation: founder.organisation, signed };
  return { signed, statements: [stated('accept', place, founder.agent.seed)] };
}
const first = version(1, null);
const second = version(2, first.signed, { rules: [] });
const third = version(4, second.signed, { validFrom: '2026-06-01T00:00:00Z' });

const shown = (scopes: readonly (typeof first)[], pins: Pins = { mine: NO_PAPERS, theirs: NO_PAPERS }) =>
  followPapers(pins, { mine: { rosters: [], scopes: [] }, theirs: { rosters: [], scopes } }, parties);
const alarmOf = (following: Following) => (following.ok ? null : following.alarm.what);

test('a version that the service leaves out between others is an alarm', () => {
  expect(alarmOf(shown([first, second, third]))).toBeNull();
  expect(alarmOf(shown([second, third]))).toBeNull();
  expect(alarmOf(shown([first, third]))).toBe('scope_hidden');
});

test('a machine that was away while versions passed takes what is there now', () => {
  const before = shown([first]);
  if (!before.ok) throw new Error('followed');
  expect(alarmOf(shown([second, third], before.pins))).toBeNull();
  const away = shown([third], before.pins);
  expect(alarmOf(away)).toBeNull();
});
