/** `scope show`, `list` and `diff`: what stands, and what stood. */

import { toBase64url } from '../../../protocol/bytes.ts';
import { otherSide } from '../../../protocol/ids.ts';
import { Problem } from '../../agent/problem.ts';
import type { Desk, Papers } from '../../agent/scopes/desk.ts';
import { differences } from '../../agent/scopes/difference.ts';
import { readDraft } from '../../agent/scopes/file.ts';
import { versionOf } from '../../agent/scopes/life.ts';
import { type Version, versionsOf, type Whose } from '../../agent/scopes/papers.ts';
import { command } from '../command.ts';
import { limitText } from '../empty.ts';
import { note, print, printable, printJson, table } from '../output.ts';
import { readText } from '../prompt.ts';
import { STANDING_TEXTS } from '../states.ts';
import { lifeLines, namesOf, papersOf, rosterText, showChanges, versionJson, withDesk } from './desk.ts';
import { termsFrom } from './drafts.ts';
import { sentences } from './life.ts';
import { numberOf } from './rules.ts';

export function showCommand() {
  return command(
    'show',
    'GET /v1/partnerships/{partnership}',
    'What you grant a partner and what it grants you, in sentences: who drafted, approved and accepted it, and where it stands.',
    'commonground scope show --partner borealis',
  )
    .option('--partner <alias>')
    .option('--number <n>', 'this version instead of the one in force', numberOf)
    .action(async (options) =>
      withDesk(options, async (desk) => {
        const papers = await papersOf(desk, options.partner);
        const names = await namesOf(desk);
        const shown = await relevant(desk, papers, options.number);
        if (options.json) {
          const of = (whose: Whose) => shown[whose].map((version) => versionJson(version, names));
          const scopeIn = (whose: Whose) =>
            papers[whose].find(({ standing }) => standing === 'in_force')?.papers.scope ?? null;
          return printJson({
            partner: papers.alias,
            fingerprint: papers.fingerprint,
            rosters: {
              mine: papers.rosters.mine.at(-1)?.number ?? 0,
              theirs: papers.rosters.theirs.at(-1)?.number ?? 0,
            },
            limits: papers.limits,
            mine: scopeIn('mine'),
            theirs: scopeIn('theirs'),
            versions: { mine: of('mine'), theirs: of('theirs') },
          });
        }
        const partner = printable(papers.partner);
        const nothing = {
          mine: `${partner} is granted nothing.`,
          theirs: 'Your organisation is granted nothing.',
        };
        for (const whose of ['mine', 'theirs'] as const) {
          print(whose === 'mine' ? `You grant ${partner}:` : `${partner} grants you:`);
          print(`  ${printable(rosterText(papers, whose))}`);
          for (const version of shown[whose]) {
            for (const line of lifeLines(version, whose, papers, names, desk.member))
              print(`  ${printable(line)}`);
            // What is over is told in one line, unless it was asked for.
            if (options.number !== undefined || !OVER.includes(version.standing))
              for (const sentence of sentences(papers, whose, version.papers.scope)) print(`    ${sentence}`);
          }
          const stands = shown[whose].some(({ standing }) =>
            ['approved', 'waits', 'in_force'].includes(standing),
          );
          if (options.number !== undefined) {
            if (shown[whose].length === 0) print(`  There is no version ${options.number} here.`);
          } else if (!stands) print(`  ${nothing[whose]}`);
        }
        for (const [role, limit] of Object.entries(papers.limits))
          if (limit)
            print(
              `Your own limit for ${role}: ${limitText(limit)} (\`commonground scope limit\` changes it).`,
            );
      }),
    );
}

export function listCommand() {
  return command(
    'list',
    'GET /v1/partnerships/{partnership}',
    'All versions of both sides’ scopes, and where each stands.',
    'commonground scope list --partner borealis',
  )
    .option('--partner <alias>')
    .action(async (options) =>
      withDesk(options, async (desk) => {
        const papers = await papersOf(desk, options.partner);
        const all = await allVersions(desk, papers);
        const rows = (['mine', 'theirs'] as const).flatMap((whose) =>
          all[whose].map((version) => ({ whose, version })),
        );
        if (options.json)
          return printJson({
            partner: papers.alias,
            versions: rows.map(({ whose, version }) => ({
              whose,
              number: version.papers.scope.number,
              standing: version.standing,
              issuedAt: version.papers.scope.issuedAt,
              validFrom: version.papers.scope.validFrom,
              validUntil: version.papers.scope.validUntil,
            })),
          });
        print(
          table(
            ['granted by', 'version', 'drafted', 'from', 'until', 'standing'],
            rows.map(({ whose, version: { papers: one, standing } }) => [
              whose === 'mine' ? 'you' : printable(papers.partner),
              one.scope.number,
              one.scope.issuedAt,
              one.scope.validFrom,
              one.scope.validUntil ?? '',
              STANDING_TEXTS[standing],
            ]),
          ),
        );
      }),
    );
}

export function diffCommand() {
  return command(
    'diff',
    'GET /v1/partnerships/{partnership}/scopes',
    'What changes from one version to another, in words: + more is learned, - less, ~ other terms. Without options: the newest version that is not over, against what is in force; against nothing where nothing is, as after a revocation.',
    'commonground scope diff --partner borealis\ncommonground scope diff --partner borealis --file overlap.json\ncommonground scope diff --partner borealis --theirs --from 2 --to 3',
  )
    .option('--partner <alias>')
    .option('--from <n>', 'this version (default: in force, else nothing)', numberOf)
    .option('--to <n>', 'with this one (default: the newest that is not over)', numberOf)
    .option('--file <file>', 'with this draft')
    .option('--theirs', 'of what the partner grants you')
    .action(async (options) =>
      withDesk(options, async (desk) => {
        const papers = await papersOf(desk, options.partner);
        const whose = options.theirs ? 'theirs' : 'mine';
        const versions = (await allVersions(desk, papers))[whose];
        const inForce = versions.find(({ standing }) => standing === 'in_force') ?? null;
        const from = options.from === undefined ? inForce : existing(versions, options.from);
        const to = options.to === undefined ? newestLiving(versions) : existing(versions, options.to);
        const after = options.file
          ? termsFrom(readDraft(readText(options.file), options.file))
          : to?.papers.scope;
        if (!after)
          throw new Problem(
            'nothing_granted',
            'there is no version to compare: none stands or waits',
            'name a draft with --file, or versions with --from and --to; see `commonground scope list`',
          );
        const grantee = whose === 'mine' ? printable(papers.partner) : 'your organisation';
        const grantor = whose === 'mine' ? 'we' : printable(papers.partner);
        const before = from?.papers.scope ?? null;
        const numbers = {
          from: before?.number ?? null,
          to: options.file ? null : (to?.papers.scope.number ?? null),
        };
        if (options.json)
          return printJson({
            partner: papers.alias,
            ...numbers,
            changes: differences(before, after, grantee, grantor),
          });
        print(
          `from ${before ? `version ${before.number}` : 'nothing'} to ${options.file ?? `version ${numbers.to}`}:`,
        );
        showChanges(before, after, grantee, print, grantor);
      }),
    );
}

/**
 * All versions that the service has, each checked against the pinned keys; what is pinned stands as it is pinned. Those
 * who ask questions, or invite members, are shown what stands alone, as everywhere.
 */
async function allVersions(desk: Desk, papers: Papers): Promise<Record<Whose, readonly Version[]>> {
  let shown: Awaited<ReturnType<Desk['client']['scopes']>>;
  try {
    shown = await desk.client.scopes(papers.id);
  } catch (error) {
    if (!(error instanceof Problem && error.code === 'wrong_role')) throw error;
    note('this is what stands; proposals and what was replaced are for the roles legal and auditor');
    return { mine: papers.mine, theirs: papers.theirs };
  }
  const of = (whose: Whose): Version[] => {
    const side = whose === 'mine' ? papers.side : otherSide(papers.side);
    const pinned = new Set(papers[whose].map(({ papers: one }) => one.scope.number));
    const past = shown[side]
      .filter(({ number }) => !pinned.has(number))
      .map(({ signed, statements }) => ({
        signed: toBase64url(signed),
        statements: statements.map(toBase64url),
      }));
    const pins = {
      ...papers.pins,
      [whose]: { ...papers.pins[whose], scopes: [...past, ...papers.pins[whose].scopes] },
    };
    return versionsOf(pins, papers.parties, whose, desk.now());
  };
  return { mine: of('mine'), theirs: of('theirs') };
}

function newestLiving(versions: readonly Version[]): Version | null {
  return versions.filter(({ standing }) => standing !== 'revoked' && standing !== 'expired').at(-1) ?? null;
}

function existing(versions: readonly Version[], number: number): Version {
  const found = versionOf(versions, number);
  if (found) return found;
  throw new Problem('bad_argument', `there is no version ${number}`, 'see `commonground scope list`');
}

/** The version asked for, of either side; else what is in force, what waits, and the last one where nothing is. */
async function relevant(
  desk: Desk,
  papers: Papers,
  number: number | undefined,
): Promise<Readonly<Record<Whose, readonly Version[]>>> {
  if (number !== undefined) {
    const all = await allVersions(desk, papers);
    const asked = (whose: Whose) => all[whose].filter((one) => one.papers.scope.number === number);
    const found = { mine: asked('mine'), theirs: asked('theirs') };
    if (found.mine.length + found.theirs.length > 0) return found;
    throw new Problem('bad_argument', `there is no version ${number}`, 'see `commonground scope list`');
  }
  const of = (versions: readonly Version[]) => {
    const living = versions.filter(({ standing }) =>
      ['proposed', 'approved', 'waits', 'in_force'].includes(standing),
    );
    return living.length > 0 ? living : versions.slice(-1);
  };
  return { mine: of(papers.mine), theirs: of(papers.theirs) };
}

/** Standings of what holds no more and is not replaced. */
const OVER: readonly Version['standing'][] = ['revoked', 'expired'];
