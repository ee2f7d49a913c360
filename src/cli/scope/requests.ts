/** `scope request`, `requests`, `answer` and `limit`: what people wish for, and what their own organisation allows. */
import { toHex } from '../../../protocol/bytes.ts';
import { systemRandom } from '../../../protocol/hash.ts';
import { isLine } from '../../../protocol/line.ts';
import { VIEWER_ROLES } from '../../../protocol/member.ts';
import { isMemberHome } from '../../agent/home.ts';
import type { Caller, NamedPartner } from '../../agent/member/caller.ts';
import { partnersAsked } from '../../agent/member/caller.ts';
import { requireVerified } from '../../agent/pinned.ts';
import { Problem } from '../../agent/problem.ts';
import { findPartnership } from '../../agent/store/partnerships.ts';
import { command, homeOf, withAgent, withCaller } from '../command.ts';
import { note, print, printable, printJson, table } from '../output.ts';
import { parseGrant, readRules, roleOf } from './rules.ts';

const REQUEST_BYTES = 16;
/** Of a reason or an answer, characters. */
const MAX_SENTENCE_LENGTH = 1000;

export function requestCommand() {
  return command(
    'request',
    'PUT /v1/partnerships/{partnership}/scope-requests/{id}',
    'Ask a partner’s legal people for more than they grant, with a reason in a sentence. They answer with `scope answer`.',
    'commonground scope request --partner borealis --reason "A joint campaign in May: we need the owners"',
  )
    .option('--partner <alias>')
    .requiredOption('--reason <text>', 'for whom and what for; at most 1,000 characters')
    .option('--rules-file <file>', 'what you wish for as rules, as `scope show --json` prints them')
    .action(async (options) =>
      withCaller(options, async (caller) => {
        const reason = sentence('--reason', options.reason);
        const { alias, id } = await partnerOf(caller, options);
        const request = toHex(systemRandom(REQUEST_BYTES));
        const rules = options.rulesFile ? { rules: readRules(options.rulesFile) } : {};
        await caller.client.putScopeRequest(id, request, { text: reason, ...rules });
        if (options.json) return printJson({ partner: alias, request });
        print(`asked; the legal people of ${alias} answer it (${request})`);
        note('`commonground scope requests` shows the answer');
      }),
    );
}

export function requestsCommand() {
  return command(
    'requests',
    'GET /v1/partnerships/{partnership}/scope-requests',
    'What was asked of the partner’s legal people and of yours, with the answers.',
    'commonground scope requests --partner borealis',
  )
    .option('--partner <alias>')
    .option('--open', 'only those without an answer')
    .action(async (options) =>
      withCaller(options, async (caller) => {
        const { alias, id } = await partnerOf(caller, options);
        const requests = (await caller.client.scopeRequests(id)).filter(
          ({ answer }) => !options.open || !answer,
        );
        if (options.json) return printJson({ partner: alias, requests });
        if (requests.length === 0) return note(`nothing was asked between you and ${alias}`);
        print(
          table(
            ['request', 'asked by', 'role', 'on', 'reason', 'answer'],
            requests.map(({ id: request, from, role, at, text, answer }) => [
              request,
              from === 'mine' ? 'you' : alias,
              role,
              at,
              printable(text),
              answer ? `${answer.answer}: ${printable(answer.text)}` : 'none yet',
            ]),
          ),
        );
      }),
    );
}

export function answerCommand() {
  return command(
    'answer',
    'PUT /v1/partnerships/{partnership}/scope-requests/{id}/answer',
    'Answer a partner’s request. Granting it here signs nothing: propose the scope that it asks for, too.',
    'commonground scope answer 6f1c… granted --text "version 4 is on its way" --partner borealis',
  )
    .argument('<request>', 'as `scope requests` shows it; its first characters do')
    .argument('<answer>', 'granted or declined')
    .option('--partner <alias>')
    .requiredOption('--text <text>', 'why, in a sentence')
    .action(async (wanted, answer, options) =>
      withCaller(options, async (caller) => {
        if (answer !== 'granted' && answer !== 'declined')
          throw new Problem('bad_argument', `${answer} is no answer`, 'say granted or declined');
        const text = sentence('--text', options.text);
        const { alias, id } = await partnerOf(caller, options);
        const request = await toAnswer(caller, { alias, id }, wanted, { answer, text });
        await caller.client.answerScopeRequest(id, request, { answer, text });
        if (options.json) return printJson({ partner: alias, request, answer });
        print(`${answer}; ${alias} sees your answer`);
        if (answer === 'granted') note('this signs nothing: `commonground scope propose` does');
      }),
    );
}

export function limitCommand() {
  return command(
    'limit',
    'PUT /v1/partnerships/{partnership}/limits/{role}',
    'Limit what your own people of a role are shown of one partner, whatever the partner grants. Takes effect at once, for your side alone.',
    'commonground scope limit --role sales --partner borealis --to accounts\ncommonground scope limit --role sales --partner borealis --to fields:owner,stage:counts\ncommonground scope limit --role sales --partner borealis --none',
  )
    .option('--partner <alias>')
    .requiredOption('--role <role>', VIEWER_ROLES.join(', '))
    .option('--to <level[:fields[:white space[:review]]]>', 'at most this')
    .option('--none', 'no limit any more')
    .action(async (options) =>
      withCaller(options, async (caller) => {
        const role = roleOf(options.role);
        if ((options.to === undefined) === (options.none === undefined))
          throw new Problem('bad_argument', 'choose --to or --none', 'see `commonground scope limit --help`');
        const { alias, id } = await partnerOf(caller, options);
        const limit = options.to === undefined ? null : parseGrant(options.to, `--to ${options.to}`);
        if (limit) await caller.client.putLimit(id, role, limit);
        else await caller.client.deleteLimit(id, role);
        if (options.json) return printJson({ partner: alias, role, limit });
        print(
          limit
            ? `your ${role} people are shown at most ${limit.level} of ${alias}, white space ${limit.whiteSpace}`
            : `your ${role} people are shown of ${alias} whatever it grants`,
        );
      }),
    );
}

/** What people write to the other side: one line. */
function sentence(option: string, typed: string): string {
  const text = typed.normalize('NFC').trim();
  if (text.length > 0 && text.length <= MAX_SENTENCE_LENGTH && isLine(text)) return text;
  throw new Problem(
    'bad_argument',
    `${option} is ${text === '' ? 'empty' : text.length > MAX_SENTENCE_LENGTH ? `${text.length} characters long` : 'not one line of plain text'}`,
    `write it as one line of at most ${MAX_SENTENCE_LENGTH} characters`,
  );
}

/** The request of the partner's that begins so and that may be answered like this. */
async function toAnswer(
  { client }: Caller,
  { alias, id }: NamedPartner,
  wanted: string,
  given: { readonly answer: string; readonly text: string },
): Promise<string> {
  const all = await client.scopeRequests(id);
  const [request, ...others] = all.filter((one) => one.id.startsWith(wanted.toLowerCase()));
  const see = '`commonground scope requests` shows them all, with their ids';
  if (!request || wanted === '') throw new Problem('bad_argument', `${alias} made no request ${wanted}`, see);
  if (others.length > 0)
    throw new Problem('bad_argument', `${others.length + 1} requests begin with ${wanted}`, see);
  if (request.from === 'mine')
    throw new Problem(
      'bad_argument',
      `request ${wanted} is one of your own people; the legal people of ${alias} answer it`,
      see,
    );
  const { answer } = request;
  if (answer && (answer.answer !== given.answer || answer.text !== given.text))
    throw new Problem(
      'bad_argument',
      `request ${wanted} was answered on ${answer.at}: ${answer.answer}, “${printable(answer.text)}”`,
      'an answer stays as it is; what the partner may learn you change by `commonground scope propose` or `scope revoke`',
    );
  return request.id;
}

/** The partner of that name, or the only one. */
async function partnerOf(
  caller: Caller,
  options: { readonly home?: string | undefined; readonly partner?: string | undefined },
): Promise<NamedPartner> {
  if (!isMemberHome(homeOf(options)))
    return withAgent(options, async (agent) => {
      const found = findPartnership(agent.store, options.partner);
      requireVerified(found);
      return found;
    });
  const [first, ...others] = await partnersAsked(caller.client, options.partner, false);
  if (first && others.length === 0) return first;
  throw new Problem('bad_argument', 'name the partner', 'with --partner');
}
