/**
 * The tables of a partnership, alike on every adapter. A side is 0, the founder, or 1, the joiner. The rows of a
 * submission are kept by its number, the generation, until a newer one takes its place. Tables of rows are without
 * rowid and without times: what lies in them says nothing of the order in which it came.
 */
export const PARTNERSHIP_MIGRATIONS: readonly string[] = [
  `
  create table sides (
    side integer primary key check (side in (0, 1)),
    active_submission integer,
    pending_submission integer,
    last_submission integer not null,
    last_request integer not null,
    receipt blob,
    receipt_count integer not null
  ) strict;
  insert into sides values (0, null, null, 0, 0, null, 0), (1, null, null, 0, 0, null, 0);

  create table epochs (
    number integer primary key,
    founder_offer blob,
    joiner_offer blob,
    founder_signature blob,
    joiner_signature blob
  ) strict;

  create table scopes (
    side integer not null,
    number integer not null,
    hash blob not null,
    signed blob not null,
    primary key (side, number)
  ) strict, without rowid;

  create table requests (
    side integer not null,
    number integer not null,
    signed blob not null,
    refusal blob,
    primary key (side, number)
  ) strict, without rowid;

  create table request_chunks (
    side integer not null,
    number integer not null,
    idx integer not null,
    kind integer not null,
    elements integer not null,
    hash blob not null,
    primary key (side, number, idx)
  ) strict, without rowid;

  create table request_bodies (
    side integer not null,
    number integer not null,
    idx integer not null,
    blinded blob,
    evaluation blob,
    primary key (side, number, idx)
  ) strict, without rowid;

  create table submissions (
    side integer not null,
    number integer not null,
    head blob not null,
    scope_hash blob not null,
    activated integer not null,
    snapshot integer,
    primary key (side, number)
  ) strict, without rowid;

  create table submission_chunks (
    side integer not null,
    number integer not null,
    idx integer not null,
    type integer not null,
    records integer not null,
    hash blob not null,
    stored integer not null,
    primary key (side, number, idx)
  ) strict, without rowid;

  create table accounts (
    side integer not null,
    generation integer not null,
    handle blob not null,
    populations integer not null,
    primary key (side, generation, handle)
  ) strict, without rowid;

  create table tags (
    side integer not null,
    generation integer not null,
    tag blob not null,
    handle blob not null,
    kind integer not null,
    primary key (side, generation, tag, handle)
  ) strict, without rowid;

  create table boxes (
    side integer not null,
    generation integer not null,
    tag blob not null,
    handle blob not null,
    population integer not null,
    box blob not null,
    primary key (side, generation, tag, handle, population)
  ) strict, without rowid;

  create table wraps (
    side integer not null,
    generation integer not null,
    tag blob not null,
    handle blob not null,
    wrapped blob not null,
    primary key (side, generation, tag, handle)
  ) strict, without rowid;

  create table fields (
    side integer not null,
    generation integer not null,
    handle blob not null,
    field integer not null,
    sealed blob not null,
    primary key (side, generation, handle, field)
  ) strict, without rowid;

  create table names (
    side integer not null,
    generation integer not null,
    handle blob not null,
    population integer not null,
    sealed blob not null,
    primary key (side, generation, handle, population)
  ) strict, without rowid;

  create table snapshots (
    number integer primary key,
    at_ms integer not null
  ) strict;

  create table matches (
    founder_handle blob not null,
    joiner_handle blob not null,
    tag blob not null,
    kind integer not null,
    primary key (founder_handle, joiner_handle, tag)
  ) strict, without rowid;

  create table pairs (
    founder_handle blob not null,
    joiner_handle blob not null,
    kinds integer not null,
    founder_populations integer not null,
    joiner_populations integer not null,
    first_seen integer not null,
    primary key (founder_handle, joiner_handle)
  ) strict, without rowid;
  create index pairs_by_joiner on pairs (joiner_handle, founder_handle);

  create table ledger (
    number integer not null,
    page integer not null,
    at_ms integer not null,
    viewer integer not null,
    question text not null,
    cells text not null,
    scope_number integer not null,
    snapshot integer not null,
    rows integer,
    primary key (number, page)
  ) strict, without rowid;
  `,
  `
  create table ended (at_ms integer not null) strict;
  `,
  // What each side's agent reported last; a new report overwrites it.
  `
  create table health (
    side integer primary key check (side in (0, 1)),
    code text not null,
    version text not null,
    since_ms integer not null
  ) strict;
  `,
  `
  create table terms (
    side integer primary key check (side in (0, 1)),
    number integer not null,
    signed blob not null
  ) strict;
  `,
  // A pair's evidence is what tierOf judges (protocol/tier.ts), its tier 1 confirmed, 2 review, and 0 until the next
  // matching. Tallies count what the matrix shows: pairs (what 0), accounts of either side in pairs (1, 2), each by the
  // populations of both sides, accounts listed (3, 4) by their populations, and accounts in pairs to review alone (5, 6).
  `
  alter table accounts add column distinguishing integer not null default 0;
  alter table pairs rename column kinds to evidence;
  alter table pairs add column tier integer not null default 0;
  create table tiers (
    evidence integer primary key,
    alone integer not null,
    among_others integer not null
  ) strict;
  create table tallies (
    tier integer not null,
    what integer not null,
    founder_populations integer not null,
    joiner_populations integer not null,
    count integer not null,
    primary key (tier, what, founder_populations, joiner_populations)
  ) strict, without rowid;
  `,
  // Scopes by role, with what people sign about them: documents of the form before name no roles, so they grant nothing
  // any more, and what was submitted under them goes with the next clearing. A signer is 16 bytes, zeros for the agent.
  `
  delete from scopes;
  alter table scopes add column approved_ms integer;
  alter table scopes add column accepted_ms integer;
  alter table scopes add column revoked_ms integer;
  create table scope_statements (
    side integer not null,
    number integer not null,
    act integer not null,
    signer blob not null,
    signed blob not null,
    at_ms integer not null,
    primary key (side, number, act, signer)
  ) strict, without rowid;
  create table limits (
    side integer not null,
    role text not null,
    given text not null,
    primary key (side, role)
  ) strict, without rowid;
  create table scope_requests (
    side integer not null,
    id blob not null,
    role text not null,
    member text,
    at_ms integer not null,
    body text not null,
    rules text,
    answer text,
    answer_body text,
    answered_ms integer,
    primary key (side, id)
  ) strict, without rowid;
  `,
  // Who asked, as what; `agent` for the program of a company of one.
  `
  alter table ledger add column role text not null default 'agent';
  alter table ledger add column member text;
  `,
  // A side's own accounts for its own members, under the vault key of this number, and its own agent's word about them.
  `
  create table vault_heads (
    side integer primary key check (side in (0, 1)),
    number integer not null,
    key_number integer not null,
    signed blob not null
  ) strict;
  create table vault_rows (
    side integer not null,
    key_number integer not null,
    handle blob not null,
    sealed blob not null,
    primary key (side, key_number, handle)
  ) strict, without rowid;
  create table vault_names (
    side integer not null,
    key_number integer not null,
    idx integer not null,
    sealed blob not null,
    primary key (side, key_number, idx)
  ) strict, without rowid;
  `,
  // The accounts of a side of which white space showed the partner's people the name in a month (months since year 0).
  // Scopes of the form before do not say how many: nobody can read them any more, so they go as those before them went.
  `
  delete from scopes;
  delete from scope_statements;
  create table shown_names (
    side integer not null,
    handle blob not null,
    month integer not null,
    primary key (side, handle)
  ) strict, without rowid;
  `,
  // Work too long for one request (work.ts): the run that matches, what it makes before that takes the place of what
  // answers are given from, and what is to be deleted. submissions.put_ms is when an upload began.
  `
  alter table sides add column matching_submission integer;
  alter table sides add column refused_submission integer;
  alter table sides add column refusal text;
  alter table submissions add column put_ms integer not null default 0;
  create table run (
    side integer not null,
    number integer not null,
    founder integer,
    joiner integer,
    stage text not null,
    after blob not null
  ) strict;
  create table garbage (
    id integer primary key,
    name text not null,
    side integer,
    from_generation integer,
    to_generation integer
  ) strict;
  create table next_matches (
    founder_handle blob not null,
    joiner_handle blob not null,
    tag blob not null,
    kind integer not null,
    primary key (founder_handle, joiner_handle, tag)
  ) strict, without rowid;
  create table next_pairs (
    founder_handle blob not null,
    joiner_handle blob not null,
    evidence integer not null,
    founder_populations integer not null,
    joiner_populations integer not null,
    first_seen integer not null,
    tier integer not null default 0,
    primary key (founder_handle, joiner_handle)
  ) strict, without rowid;
  create index next_pairs_by_joiner on next_pairs (joiner_handle, founder_handle);
  create table next_tallies (
    tier integer not null,
    what integer not null,
    founder_populations integer not null,
    joiner_populations integer not null,
    count integer not null,
    primary key (tier, what, founder_populations, joiner_populations)
  ) strict, without rowid;
  create table crowded (tag blob primary key) strict, without rowid;
  `,
  // Has a row while records of an export are put in: what stands here then is no partnership yet.
  `
  create table importing (since_ms integer not null) strict;
  `,
  // What each side is shown (shownpairs.ts), made once a snapshot, and tallies by snapshot: nothing changes its name any
  // more when a run ends. `side` is whose accounts are shown, and the viewer the other. Two lists are matched once more.
  `
  drop table matches;
  drop table pairs;
  drop table tallies;
  drop table next_tallies;
  alter table next_matches rename to matches;
  alter table next_pairs rename to pairs;
  drop index next_pairs_by_joiner;
  create index pairs_by_joiner on pairs (joiner_handle, founder_handle);
  create table tallies (
    snapshot integer not null,
    tier integer not null,
    what integer not null,
    founder_populations integer not null,
    joiner_populations integer not null,
    count integer not null,
    primary key (snapshot, tier, what, founder_populations, joiner_populations)
  ) strict, without rowid;
  create table shown_pairs (
    side integer not null,
    snapshot integer not null,
    viewer_handle blob not null,
    shown_handle blob not null,
    viewer_populations integer not null,
    shown_populations integer not null,
    evidence integer not null,
    tier integer not null,
    first_seen integer not null,
    matches blob not null,
    primary key (side, snapshot, viewer_handle, shown_handle)
  ) strict, without rowid;
  create table openings (
    side integer not null,
    snapshot integer not null,
    viewer_handle blob not null,
    shown_handle blob not null,
    keys blob not null,
    fields blob not null,
    primary key (side, snapshot, viewer_handle, shown_handle)
  ) strict, without rowid;
  delete from run;
  delete from garbage where name in ('matches', 'pairs', 'next_matches', 'next_pairs');
  insert into garbage (name) select 'matches' where exists (select 1 from matches);
  insert into garbage (name) select 'pairs' where exists (select 1 from pairs);
  insert into garbage (name) select 'crowded' where exists (select 1 from crowded);
  update sides set matching_submission = active_submission, active_submission = null
    where side = 1 and matching_submission is null
      and (select active_submission from sides where side = 0) is not null;
  `,
  // An entry names its cells by number: many entries are about the same few sets of them, of a kilobyte each.
  `
  create table ledger_cells (number integer primary key, cells text not null unique) strict;
  insert into ledger_cells (cells) select distinct cells from ledger order by cells;
  alter table ledger rename to wide_ledger;
  create table ledger (
    number integer not null,
    page integer not null,
    at_ms integer not null,
    viewer integer not null,
    role text not null,
    member text,
    question text not null,
    cells integer not null,
    scope_number integer not null,
    snapshot integer not null,
    rows integer,
    primary key (number, page)
  ) strict, without rowid;
  insert into ledger
    select l.number, l.page, l.at_ms, l.viewer, l.role, l.member, l.question, c.number, l.scope_number, l.snapshot, l.rows
    from wide_ledger l join ledger_cells c on c.cells = l.cells;
  drop table wide_ledger;
  `,
];
