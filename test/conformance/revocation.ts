/** Checks that end what the others work on: a revocation while people ask, the end, and what a limit says. */
import { toBase64url } from '../../protocol/bytes.ts';
import { signEnding } from '../../protocol/ending.ts';
import { login, putScope } from '../support/service-app.ts';
import { logInAs, makeMember } from '../support/service-members.ts';
import { sayAsAgent } from '../support/service-people.ts';
import { type Check, must, refusedAs, same, type World } from './work.ts';

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

interface Page {
  readonly snapshot: { readonly number: number } | null;
  readonly rows: readonly unknown[];
}

export function lastChecks(world: () => Promise<World>): Check[] {
  const member = async (role: 'sales' | 'auditor'): Promise<string> => {
    const { service, work } = await world();
    const { organisation } = work.pair.founder;
    return (await makeMember(service, { organisation, token: work.tokens.founder, role })).token;
  };
  const ask = async (token: string, question: string, json: object = {}) => {
    const { service, work } = await world();
    return must(await service.call('POST', `${work.base}/${question}`, { token, json })).json ?? {};
  };
  /** How many questions of the founder for the overlap the ledger has. */
  const overlapEntries = async (token: string): Promise<number> => {
    let count = 0;
    let cursor: string | undefined;
    do {
      const body = (await ask(token, 'ledger', cursor === undefined ? {} : { cursor })) as unknown as {
        entries: { question: string; viewer: string }[];
        next: string | null;
      };
      count += body.entries.filter(
        ({ question, viewer }) => question === 'overlap' && viewer === 'mine',
      ).length;
      cursor = body.next ?? undefined;
    } while (cursor !== undefined);
    return count;
  };
  return [
    {
      name: 'while several people ask, a revocation takes every answer at once, and all are recorded',
      async run() {
        const { service, work, scopes } = await world();
        const auditor = await member('auditor');
        const tokens = [await member('sales'), await member('sales'), await member('sales')];
        const [first = ''] = tokens;
        const before = await overlapEntries(auditor);
        let isRevoked = false;
        let isOver = false;
        let answered = 0;
        let late = 0;
        const asking = tokens.map(async (token) => {
          while (!isOver) {
            const isLate = isRevoked;
            const answer = must(await service.call('POST', `${work.base}/overlap`, { token, json: {} }));
            if ((answer.json as unknown as Page).rows.length === 0) continue;
            answered++;
            if (isLate) late++;
          }
        });
        await pause(700);
        must(await sayAsAgent(work, 'revoke', { side: 'joiner', number: 1, signed: scopes.joiner }));
        isRevoked = true;
        await pause(400);
        isOver = true;
        await Promise.all(asking);
        same([late, answered > 0], [0, true], 'answers after the revocation, and before it');
        same((await overlapEntries(auditor)) - before, answered, 'entries in the ledger for the answers');
        same((await ask(first, 'overlap')).rows, [], 'overlap');
        same((await ask(first, 'whitespace')).rows, [], 'white space');
        same((await ask(first, 'overlap')).snapshot, null, 'snapshot');
        same(must(await work.as('founder', 'GET', '')).json?.snapshot, null, 'the view');
      },
    },
    {
      name: 'after the end nothing is left but view, scopes, ledger and endings',
      async run() {
        const { service, work, scopes } = await world();
        const { pair } = work;
        const endedAt = Math.floor(service.clock.nowMs / 1000);
        const of = { partnership: pair.partnership, side: 'founder', endedAt } as const;
        const json = { ending: toBase64url(signEnding(of, pair.founder.agent.seed)) };
        refusedAs(await work.as('joiner', 'PUT', '/ending', { json }), 422, 'bad_signature');
        must(await work.as('founder', 'PUT', '/ending', { json }));
        must(await work.as('founder', 'PUT', '/ending', { json }));
        refusedAs(await work.as('joiner', 'POST', '/matrix', { json: {} }), 410, 'partnership_ended');
        refusedAs(await putScope(work, 'joiner', 1, scopes.joiner), 410, 'partnership_ended');
        same(must(await work.as('joiner', 'GET', '')).json?.state, 'ended', 'state');
        must(await work.as('joiner', 'GET', '/scopes'));
        must(await work.as('joiner', 'POST', '/ledger', { json: {} }));
      },
    },
    {
      name: 'who asks too often is told when to come again',
      async run() {
        const { service, work } = await world();
        const { organisation } = work.pair.founder;
        let limited = await logInAs(service, organisation, 'one@people.example');
        for (let i = 0; i < 40 && limited.status !== 429; i++) {
          limited = await logInAs(service, organisation, 'one@people.example');
        }
        refusedAs(limited, 429, 'rate_limited');
        const seconds = Number(limited.headers.get('retry-after'));
        same(seconds >= 1 && seconds <= 900, true, `Retry-After ${seconds}`);
        // Agents are not held up by it.
        await login(service, work.pair.founder);
      },
    },
  ];
}
