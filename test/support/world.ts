/** Two organisations, prepared once and copied for each scenario, with what their lists must come to. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identify } from '../../protocol/identifiers/index.ts';
import { EVALUATED_KINDS } from '../../protocol/identifiers/kind.ts';
import { type Agent, openAgent } from '../../src/agent/agent.ts';
import { askMatrix, askOverlap, type OverlapRow } from '../../src/agent/answers.ts';
import { homeAt } from '../../src/agent/home.ts';
import { findPartnership, type Partnership } from '../../src/agent/store/partnerships.ts';
import { usedCount } from '../../src/agent/sync/evaluate.ts';
import { collect } from './files.ts';
import { EVERYTHING, grantBoth, importRows, type Row, twoOrganisations } from './homes.ts';

export const SIDES = ['a', 'b'] as const;
export type SideName = (typeof SIDES)[number];
/** The partner of each. */
export const OTHER = { a: 'b', b: 'a' } as const;
export type Lists = Readonly<Record<SideName, readonly Row[]>>;

/** A folder with the homes `a` and `b`, their key files, and the data of their service. */
export interface World {
  readonly folder: string;
  remove(): void;
}

const BUDGET = { ...EVERYTHING, budget: { domain: 100_000, name: 100_000 } };

/** Homes that verified each other, hold these lists and granted everything; with `sync` both lists are matched too. */
export async function prepare(lists: Lists, options: { readonly sync: boolean }): Promise<World> {
  const pair = await twoOrganisations(lists.a, lists.b);
  try {
    await grantBoth(pair, BUDGET);
    if (options.sync) await pair.sync();
    pair.a.close();
    pair.b.close();
    return copyOf({ folder: pair.folder, remove: () => undefined }, pair.url);
  } finally {
    await pair.close();
  }
}

/** A world of its own, whose homes know the service under this address. */
export function copyOf(world: World, url: string): World {
  const folder = mkdtempSync(join(tmpdir(), 'commonground-world-'));
  cpSync(world.folder, folder, { recursive: true });
  const copy = { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
  useService(copy, url);
  return copy;
}

/** The homes reach their service under this address from now on. */
export function useService({ folder }: World, url: string): void {
  for (const side of SIDES) {
    const configuration = { service: url, keyFile: join(folder, `${side}.key`) };
    writeFileSync(join(folder, side, 'config.json'), JSON.stringify(configuration), { mode: 0o600 });
  }
}

export function openSide(world: World, side: SideName): Promise<Agent> {
  return openAgent(homeAt(join(world.folder, side)), Date.now);
}

/** Replaces both lists; nothing leaves. */
export async function replaceLists(world: World, lists: Lists): Promise<void> {
  for (const side of SIDES) {
    const agent = await openSide(world, side);
    await importRows(agent, world.folder, lists[side]);
    agent.close();
  }
}

export function onlyPartnership(agent: Agent): Partnership {
  return findPartnership(agent.store, undefined);
}

/** What one side sees: its pairs, as sorted lines of record, the partner's populations and fields. */
export async function overlapLines(agent: Agent): Promise<string[]> {
  return (await collect(askOverlap(agent, onlyPartnership(agent), {}))).map(lineOf).sort();
}

function lineOf(row: OverlapRow): string {
  const { account_name, owner } = row.fields;
  return [row.record, row.theirPopulations.join('+'), account_name, owner].join(' | ');
}

/** The lines that `mine` must see of `theirs`, worked out from the lists alone; `held` is what the own home holds now. */
export function expectedLines(
  mine: readonly Row[],
  theirs: readonly Row[],
  held: readonly Row[] = mine,
): string[] {
  const heldIds = new Set(held.map(([id]) => id));
  return mine
    .flatMap(([id, , domain]) =>
      theirs
        .filter((row) => row[2] === domain)
        .map(([, name, , type = 'Customer', owner = 'Ann Owner']) => {
          const population = type === 'Customer' ? 'customers' : 'prospects';
          return [heldIds.has(id) ? id : '', population, name, owner].join(' | ');
        }),
    )
    .sort();
}

/** The cells of one side's matrix as lines of populations and numbers. */
export async function matrixLines(agent: Agent): Promise<string[]> {
  const { cells } = await askMatrix(agent, onlyPartnership(agent));
  return cells
    .map((cell) => [cell.mine, cell.theirs, cell.confirmed?.pairs, cell.whiteSpace].join(' '))
    .sort();
}

/** All that one side has of the pair: its answers, and what it evaluated for its partner. */
export async function standing(world: World, side: SideName) {
  const agent = await openSide(world, side);
  try {
    return {
      overlap: await overlapLines(agent),
      matrix: await matrixLines(agent),
      evaluated: evaluated(agent),
    };
  } finally {
    agent.close();
  }
}

/**
 * Every overlap that one side may see while both bring in their newer list: of the old or of the new list of either side,
 * never of half a list. `held` is what the own home holds now.
 */
export function wholeOverlaps(
  lists: { readonly old: Lists; readonly new: Lists },
  side: SideName,
  held: Lists,
): string[][] {
  const both = [lists.old, lists.new];
  return both.flatMap((mine) =>
    both.map((theirs) => expectedLines(mine[side], theirs[OTHER[side]], held[side])),
  );
}

/** Elements that a side evaluated for its partner so far, by kind. */
export function evaluated(agent: Agent): Record<string, number> {
  const { id } = onlyPartnership(agent);
  const counts = EVALUATED_KINDS.map((kind) => [kind, usedCount({ agent, id }, kind, null)] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** Distinct identifiers by kind that a side's lists ever held, which is what its partner must have evaluated. */
export function identifiers(...lists: readonly (readonly Row[])[]): Record<string, number> {
  const values = new Map<string, Set<string>>();
  for (const [, name, domain] of lists.flat()) {
    for (const { kind, value } of identify({ names: [name], domains: [domain] }).identifiers)
      values.set(kind, (values.get(kind) ?? new Set()).add(value));
  }
  return Object.fromEntries([...values].map(([kind, distinct]) => [kind, distinct.size]));
}

/**
 * Lists of `count` accounts a side, half of them shared, in two versions: in the newer one every tenth account is gone,
 * as many are new, and some changed their population or owner.
 */
export function twoVersions(count: number): { readonly old: Lists; readonly new: Lists } {
  const rows = (side: SideName, newer: boolean): Row[] => {
    const start = side === 'a' ? 0 : count / 2;
    return Array.from({ length: count }, (_, i): Row => {
      const n = start + i;
      const company = newer && n % 10 === 3 ? n + 10 * count : n;
      const type = (n + (newer && n % 7 === 0 ? 1 : 0)) % 3 === 0 ? 'Prospect' : 'Customer';
      const owner = newer && n % 11 === 0 ? `New Owner ${side}` : `Owner ${side}${n % 4}`;
      return [`${side}${company}`, `Company ${word(company)}`, `company-${word(company)}.com`, type, owner];
    });
  };
  const lists = (newer: boolean): Lists => ({ a: rows('a', newer), b: rows('b', newer) });
  return { old: lists(false), new: lists(true) };
}

/** A number in letters, too long for any legal form: `dac` and `gag` are such. */
function word(n: number): string {
  return `${Array.from(String(n), (digit) => 'bcdfghjklm'[Number(digit)]).join('a')}ix`;
}
