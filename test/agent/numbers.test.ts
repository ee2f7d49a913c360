/** The numbers of this side's own requests and submissions. */
import { expect, it } from 'vitest';
import { getPartnership, takeNumber, updatePartnership } from '../../src/agent/store/partnerships.ts';
import { twoOrganisations } from '../support/homes.ts';

it('rise above what was taken and above what the service shows, whatever it forgets', async () => {
  const pair = await twoOrganisations([], []);
  try {
    const { store } = pair.a;
    const { id } = pair.partnership(pair.a);
    const take = (shown: number) => takeNumber(store, id, 'request', shown);
    expect([take(0), take(0), take(1), take(9), take(3)]).toEqual([1, 2, 3, 10, 11]);
    expect(takeNumber(store, id, 'submission', 0)).toBe(1);
    expect(getPartnership(store, id).numbers).toEqual({ request: 11, submission: 1 });
    // A service that shows what no path can hold must not use the numbers up.
    expect(() => take(999_999_999)).toThrow(expect.objectContaining({ code: 'service_alarm' }));
    expect(take(0)).toBe(12);
    // A home of an earlier version.
    const none = { numbers: undefined as never };
    updatePartnership(store, id, (current) => ({ ...current, ...none }));
    expect(take(4)).toBe(5);
  } finally {
    await pair.close();
  }
});
