/** `scope propose`, `approve`, `accept`, `revoke` and `receive`: the steps that people sign. */

import { createSecretFile, refuseExisting } from '../../agent/home.ts';
import { Problem } from '../../agent/problem.ts';
import type { Papers } from '../../agent/scopes/desk.ts';
import { differences } from '../../agent/scopes/difference.ts';
import { listsNamed, listWarnings } from '../../agent/scopes/draft.ts';
import { grantOf, readDraft } from '../../agent/scopes/file.ts';
import { readRevocation, revocationFile, withRevocation } from '../../agent/scopes/handover.ts';
import {
  accept,
  approve,
  approverOf,
  comparedWith,
  nextVersion,
  propose,
  publishRevocations,
  receipts,
  revoke,
  toApprove,
  toBeAccepted,
  toRevoke,
} from '../../agent/scopes/life.ts';
import { describeScope } from '../../agent/scopes/sentences.ts';
import { collect, command } from '../command.ts';
import { note, print, printable, printJson } from '../output.ts';
import { readText } from '../prompt.ts';
import { confirm, papersOf, scopeOf, showTerms, signingCommand, withDesk } from './desk.ts';
import { numberOf } from './rules.ts';

export function proposeCommand() {
  return signingCommand(
    'propose',
    'PUT /v1/partnerships/{partnership}/scopes/{number}',
    'Sign a draft as its drafter and put it before your approvers; for every partner that the file names. A name that this home does not know is refused here. In a company of one it is approved by that.',
    'commonground scope propose overlap.json\ncommonground scope propose overlap.json --partner borealis --yes',
  )
    .argument('<file>', 'a draft, as `scope draft` writes it')
    .option(
      '--partner <alias>',
      'instead of the partners in the file; on a member’s home their own names, such as borealis-security',
      collect,
    )
    .action(async (file, options) =>
      withDesk(options, async (desk) => {
        const draft = readDraft(readText(file), file);
        const to = options.partner ?? draft.to;
        if (to.length === 0)
          throw new Problem(
            'bad_argument',
            `${file} names no partner`,
            'add it under "to", or use --partner',
          );
        // All are prepared before any is signed, so that a mistake leaves none half done.
        const prepared = [];
        for (const name of to) {
          const papers = await papersOf(desk, name);
          prepared.push({ papers, proposal: await nextVersion(desk, papers, grantOf(draft)) });
        }
        for (const { papers, proposal } of prepared) {
          note(`version ${proposal.scope.number} for ${printable(papers.partner)} (${papers.alias}):`);
          showTerms(proposal.scope, proposal.before, printable(papers.partner));
          const known = {
            mine: desk.agent ? null : listsNamed(papers.mine),
            theirs: listsNamed(papers.theirs),
          };
          for (const warning of listWarnings(proposal.scope, known, printable(papers.partner)))
            note(`mind: ${warning}`);
        }
        await confirm('sign as the drafter?', options);
        for (const { papers, proposal } of prepared) {
          await propose(desk, papers, proposal);
          await desk.papers(papers.alias);
        }
        if (options.json)
          return printJson({
            proposed: prepared.map(({ papers, proposal }) => ({
              partner: papers.alias,
              number: proposal.scope.number,
              changes: differences(proposal.before, proposal.scope, papers.partner),
              scope: proposal.scope,
            })),
          });
        for (const { papers, proposal } of prepared) {
          const next = proposal.signer.member
            ? 'it waits for your approvers: `commonground scope approve`'
            : `it holds once ${printable(papers.partner)} has accepted it`;
          print(`version ${proposal.scope.number} for ${papers.alias} is proposed; ${next}`);
        }
      }),
    );
}

export function approveCommand() {
  return signingCommand(
    'approve',
    'PUT /v1/partnerships/{partnership}/scopes/{side}/{number}/statements/approve',
    'Sign your approval of a version that waits for it. The partner sees a version once enough of you have approved.',
    'commonground scope approve --partner borealis',
  )
    .option('--partner <alias>')
    .option('--number <n>', 'the version (default: the newest that waits)', numberOf)
    .action(async (options) =>
      withDesk(options, async (desk) => {
        const papers = await papersOf(desk, options.partner);
        const version = toApprove(papers, options.number);
        const { scope } = version.papers;
        const approver = await approverOf(desk, papers, version);
        note(`version ${scope.number} for ${printable(papers.partner)}:`);
        showTerms(scope, scopeOf(comparedWith(papers)), printable(papers.partner));
        await confirm(`approve version ${scope.number} for ${printable(papers.partner)}?`, options);
        const result = await approve(desk, papers, version, approver);
        await desk.papers(papers.alias);
        if (options.json) return printJson({ partner: papers.alias, number: scope.number, ...result });
        print(
          result.approved
            ? `version ${scope.number} is approved; ${printable(papers.partner)} sees it now and has to accept it`
            : `your approval is signed (${result.approvals} of ${result.quorum}); others have to approve too`,
        );
      }),
    );
}

export function acceptCommand() {
  return signingCommand(
    'accept',
    'PUT /v1/partnerships/{partnership}/scopes/{side}/{number}/statements/accept',
    'Sign that you accept what a partner grants, and under which terms: purpose, how long it may be kept, whether it may be exported. Nothing of the partner’s shows before.',
    'commonground scope accept --partner borealis',
  )
    .option('--partner <alias>')
    .option('--number <n>', 'the version (default: the newest that waits)', numberOf)
    .action(async (options) =>
      withDesk(options, async (desk) => {
        const papers = await papersOf(desk, options.partner);
        const version = toBeAccepted(papers, options.number);
        const { scope } = version.papers;
        const signer = await desk.signer(papers);
        const before = papers.theirs.find(({ standing }) => standing === 'in_force') ?? null;
        note(
          `what ${printable(papers.partner)} grants you (version ${scope.number}), and what you undertake:`,
        );
        showTerms(scope, scopeOf(before), 'your organisation', printable(papers.partner));
        await confirm(`accept version ${scope.number} of ${printable(papers.partner)}?`, options);
        await accept(desk, papers, version, signer);
        await desk.papers(papers.alias);
        if (options.json)
          return printJson({ partner: papers.alias, number: scope.number, accepted: true, scope });
        print(
          `version ${scope.number} of ${printable(papers.partner)} is accepted; it holds from ${scope.validFrom}. What you learn under it is to be deleted within ${scope.retentionDays} days after its end`,
        );
      }),
    );
}

/** What every revocation says, however it is made. */
const NOT_TAKEN_BACK = [
  'answers that people of the partner read, copied or took out as files are theirs to delete; its machine deletes what it keeps when the agreed time is over, and signs that',
  'names of accounts that it lacked and was shown, and which of its accounts you have too, cannot be made unknown',
];

export function revokeCommand() {
  return signingCommand(
    'revoke',
    'PUT /v1/partnerships/{partnership}/scopes/{side}/{number}/statements/revoke',
    'Grant nothing from now on. The service stops answering at once and deletes your rows; with --out the revocation is also a file that you can hand over yourself.\n\nA member is asked before it is signed. The home with the keyring asks nothing: its one signature, the machine’s, works at once, whoever else signs for you.',
    'commonground scope revoke --partner borealis\ncommonground scope revoke --partner borealis --out revocation.json',
  )
    .requiredOption('--partner <alias>')
    .option(
      '--out <file>',
      'also write the signed revocation to a new file, for the partner’s `scope receive`',
    )
    .action(async (options) =>
      withDesk(options, async (desk) => {
        if (options.out) refuseExisting(options.out);
        const papers = await papersOf(desk, options.partner);
        const numbers = toRevoke(papers).map(({ papers: one }) => one.scope.number);
        // A person on the keyring's home says so by the command; a member signs with their own key.
        const signer = desk.agent ? null : await desk.signer(papers);
        if (signer) {
          note(`this ends version ${numbers.join(', ')} for ${printable(papers.partner)} at once`);
          await confirm(`revoke version ${numbers.join(', ')}?`, options);
        }
        const revoked = revoke(desk, papers, signer);
        if (options.out)
          createSecretFile(options.out, `${JSON.stringify(revocationFile(papers, revoked), null, 2)}\n`);
        await publishRevocations(desk, papers, revoked);
        const after = await desk.papers(papers.alias);
        const last = after.mine.at(-1);
        const { seen } = last ? receipts(last) : { seen: null };
        const scope = revoked.at(-1)?.scope;
        if (options.json)
          return printJson({
            revoked: true,
            partner: papers.alias,
            versions: revoked.map((one) => one.scope.number),
            state: seen ? 'acknowledged' : 'sent',
            file: options.out ?? null,
            scope,
          });
        print(
          `${printable(papers.partner)} is granted nothing from now on; your rows at the service are deleted`,
        );
        print(
          seen
            ? `its machine knows since ${seen}`
            : 'sent; its machine has not acknowledged it yet: `commonground scope show` tells when',
        );
        if (options.out)
          print(
            `${options.out} is the signed revocation: hand it over, they run \`commonground scope receive\``,
          );
        for (const text of NOT_TAKEN_BACK) note(text);
      }),
    );
}

export function receiveCommand() {
  return command(
    'receive',
    'GET /v1/partnerships/{partnership}',
    'Take a revocation that a partner handed over as a file. Your machine asks nothing more under what it ends, and acknowledges it at the next sync.',
    'commonground scope receive revocation.json',
  )
    .argument('<file>', 'or - for standard input')
    .action(async (file, options) =>
      withDesk(options, async (desk) => {
        const handed = readRevocation(readText(file), file);
        const papers: Papers = await papersOf(desk, handed.id);
        const after = desk.take(papers, withRevocation(papers, handed));
        const ended = after.theirs.filter(({ standing }) => standing === 'revoked');
        const isNew = ended.some(({ signed }) =>
          papers.theirs.some((one) => one.standing !== 'revoked' && Buffer.from(one.signed).equals(signed)),
        );
        const numbers = ended.map((one) => one.papers.scope.number);
        if (options.json) return printJson({ partner: papers.alias, revoked: numbers, isNew });
        if (numbers.length === 0)
          return note('it ends nothing that this machine knows of; nothing was changed');
        print(
          `${printable(papers.partner)} has revoked version ${numbers.join(', ')} of what it granted you${isNew ? '' : '; this machine knew already'}`,
        );
        const [last] = ended.slice(-1);
        if (last)
          note(
            `what you keep of it is to be deleted within ${last.papers.scope.retentionDays} days; your machine does its part by itself and signs that`,
          );
      }),
    );
}

/** The sentences of a scope, for showing. */
export function sentences(
  papers: Papers,
  whose: 'mine' | 'theirs',
  scope: Parameters<typeof describeScope>[0],
) {
  return whose === 'mine'
    ? describeScope(scope, printable(papers.partner))
    : describeScope(scope, 'your organisation', printable(papers.partner));
}
