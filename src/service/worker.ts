/**
 * The service on Cloudflare Workers: the same app as on Node, its directory on D1, and each partnership one Durable
 * Object with its own SQLite database. The entry that wrangler.toml names.
 */
import { DurableObject } from 'cloudflare:workers';
import { systemRandom } from '../../protocol/hash.ts';
import type { PartnershipId } from '../../protocol/ids.ts';
import type { Result } from '../../protocol/result.ts';
import { VERSION } from '../version.ts';
import { createApp } from './app.ts';
import { cleanUp } from './directory/cleaning.ts';
import { partnershipOf } from './directory/partnerships.ts';
import { isNamed, readSettings } from './edge/settings.ts';
import { consoleLog, type Log } from './lines.ts';
import { createOperatorApp } from './operator.ts';
import { dueMs } from './partnership/clearing.ts';
import type { Call } from './partnership/context.ts';
import {
  type Input,
  type OperationName,
  type Output,
  type Partnership as PartnershipCalls,
  run,
} from './partnership/operations.ts';
import { hasWork, STEP_ROWS, work } from './partnership/work.ts';
import type { ProblemCode } from './problems.ts';
import { type PlatformCounter, platformLimits } from './rate.ts';
import { type D1, d1Directory } from './storage/d1.ts';
import { type DurableStorage, durablePartnershipStore } from './storage/durable.ts';
import type { PartnershipStore } from './storage/partnership.ts';
import { isKnown, readDirectory, writeDirectory } from './transfer/directory.ts';
import {
  beginImport,
  finishImport,
  isImporting,
  type PortablePage,
  type PortableRow,
  readPage,
  type Table,
  writeRows,
} from './transfer/tables.ts';
import { alreadyThere, type Kept, type Place } from './transfer/transfer.ts';

/** What can be asked of a partnership's object from outside it. */
interface Stub extends PartnershipCalls {
  page(table: Table, after: PortableRow | null): Promise<PortablePage>;
  begin(): Promise<void>;
  put(table: Table, rows: readonly PortableRow[]): Promise<void>;
  finish(): Promise<void>;
  abandon(): Promise<void>;
}

interface Namespace {
  getByName(name: string): Stub;
}

/** Bindings; the variables beside them are checked by readSettings. */
interface Environment {
  readonly DIRECTORY: D1;
  readonly PARTNERSHIP: Namespace & { jurisdiction(name: string): Namespace };
  readonly ORGANISATION_RATE: PlatformCounter;
  readonly ANONYMOUS_RATE: PlatformCounter;
  readonly PASSWORD_RATE: PlatformCounter;
}

interface ObjectContext {
  readonly storage: DurableStorage;
  /** Lets nothing in before the work is done. */
  blockConcurrencyWhile<Value>(work: () => Promise<Value>): Promise<Value>;
}

/** One partnership. What operations leave behind is done in steps by alarms, which outlive the object's evictions. */
export class Partnership extends DurableObject {
  readonly #storage: DurableStorage;
  #store: PartnershipStore;
  #alarmMs: number | null = null;

  constructor(context: ObjectContext, environment: unknown) {
    super(context, environment);
    this.#storage = context.storage;
    this.#store = durablePartnershipStore(context.storage);
    void context.blockConcurrencyWhile(async () => {
      this.#alarmMs = await context.storage.getAlarm();
      await this.#wake(Date.now());
    });
  }

  /** Runs one operation in this partnership. */
  run<Name extends OperationName>(
    name: Name,
    call: Call,
    input: Input<Name>,
  ): Result<Output<Name>, ProblemCode> {
    const result = run(this.#store, name, call, input);
    // A read leaves work where it found out that the database was restored.
    if (!READS.includes(name) || hasWork(this.#store)) void this.#wake(call.nowMs);
    return result;
  }

  /** A page of a table's records, for the operator. */
  page(table: Table, after: PortableRow | null): PortablePage {
    if (hasWork(this.#store)) throw new Error('a list is still being matched; try again');
    return readPage(this.#store, table, after);
  }

  /** Begins an import, for the operator. */
  begin(): void {
    beginImport(this.#store, Date.now());
  }

  /** Puts records, for the operator. */
  put(table: Table, rows: readonly PortableRow[]): void {
    writeRows(this.#store, table, rows);
  }

  /** Ends an import, for the operator. */
  finish(): void {
    finishImport(this.#store);
  }

  /** Takes away what an import put in that did not finish, for the operator. */
  async abandon(): Promise<void> {
    if (!isImporting(this.#store)) return;
    await this.#storage.deleteAll();
    this.#alarmMs = null;
    this.#store = durablePartnershipStore(this.#storage);
  }

  /** A step; the platform calls again where it throws. */
  async alarm(): Promise<void> {
    this.#alarmMs = null;
    const nowMs = Date.now();
    this.#store.atomic(() => work(this.#store, nowMs, STEP_ROWS));
    await this.#wake(nowMs);
  }

  /** Has the object woken for what is left or due; the alarm commits with what was written before it. */
  async #wake(nowMs: number): Promise<void> {
    const atMs = hasWork(this.#store) ? nowMs : dueMs(this.#store, nowMs);
    if (atMs === null || (this.#alarmMs !== null && this.#alarmMs <= atMs)) return;
    this.#alarmMs = atMs;
    await this.#storage.setAlarm(atMs);
  }
}

/** Operations that leave no work behind. */
const READS: readonly OperationName[] = [
  'view',
  'scopes',
  'scopeRequests',
  'getVaultNames',
  'matrix',
  'overlap',
  'whiteSpace',
  'ledger',
  'getRequestChunk',
  'getEvaluation',
  'getReceipt',
  'putHealth',
];

/** What answers, made once an isolate: a Worker may draw no random numbers before its first request. */
interface Edge {
  fetch(request: Request): Response | Promise<Response>;
  clean(): Promise<void>;
}

let edge: Edge | null = null;

function openEdge(environment: Environment): Edge {
  const settings = readSettings(environment);
  const log = consoleLog(settings.LOG_LEVEL, Date.now, (line) => console.log(line));
  const directory = d1Directory(environment.DIRECTORY);
  const stub = (id: PartnershipId, jurisdiction: string | null | undefined): Stub => {
    const { PARTNERSHIP } = environment;
    return (jurisdiction ? PARTNERSHIP.jurisdiction(jurisdiction) : PARTNERSHIP).getByName(id);
  };
  const partnerships = (id: PartnershipId): PartnershipCalls => ({
    run: (name, call, input) => stub(id, call.jurisdiction).run(name, call, input),
  });
  /** Where the directory says, or, where it does not know the partnership yet, as an import says. */
  const kept = async ({ id, jurisdiction }: Kept): Promise<Stub> => {
    const known = await partnershipOf(directory, id);
    if (!known && jurisdiction !== null && !settings.JURISDICTIONS.includes(jurisdiction)) {
      throw new Error(`the partnership is to be kept in ${jurisdiction}, which this service does not offer`);
    }
    return stub(id, known ? known.jurisdiction : jurisdiction);
  };
  const place: Place = {
    directory: (id) => readDirectory(directory, id),
    page: async (of, table, after) => await (await kept(of)).page(table, after),
    async begin(of) {
      await place.abandon(of);
      if (await isKnown(directory, of.id)) throw alreadyThere(of.id);
      await (await kept(of)).begin();
    },
    put: async (of, table, rows) => await (await kept(of)).put(table, rows),
    async finish(of, rows) {
      await writeDirectory(directory, of.id, rows);
      await (await kept(of)).finish();
    },
    async abandon(of) {
      const object = await kept(of);
      if (await isKnown(directory, of.id)) await object.finish();
      else await object.abandon();
    },
  };
  const app = createApp({
    directory,
    partnerships,
    config: {
      version: VERSION,
      operator: { name: settings.OPERATOR, organisation: settings.OPERATOR_ORGANISATION },
      registration: settings.REGISTRATION,
      jurisdictions: settings.JURISDICTIONS,
    },
    limits: { elements: settings.MAX_ELEMENTS, records: settings.MAX_RECORDS },
    rates: platformLimits({
      organisation: environment.ORGANISATION_RATE,
      anonymous: environment.ANONYMOUS_RATE,
      passwords: environment.PASSWORD_RATE,
    }),
    isReady: () => succeeds(() => directory.all('select 1 from organisations limit 1'), log),
    isOwnHost: (host) => isNamed(settings.PUBLIC_HOST, host),
    now: Date.now,
    random: systemRandom,
    observe: (seen) => log.request(seen),
    report: (error, requestId) => log.error(error, requestId),
  });
  const token = settings.OPERATOR_TOKEN;
  const operator =
    token === undefined
      ? null
      : createOperatorApp({
          token,
          directory,
          place,
          random: systemRandom,
          report: (error) => log.error(error),
        });
  return {
    fetch: (request) =>
      operator && new URL(request.url).pathname.startsWith('/operator/')
        ? operator.fetch(request)
        : app.fetch(request),
    clean: async () => void (await succeeds(() => cleanUp(directory, Date.now()), log)),
  };
}

async function succeeds(work: () => Promise<unknown>, log: Log): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    log.error(error);
    return false;
  }
}

export default {
  async fetch(request: Request, environment: Environment): Promise<Response> {
    edge ??= openEdge(environment);
    return await edge.fetch(request);
  },
  /** By the trigger of wrangler.toml, what a timer does on Node. */
  async scheduled(_event: unknown, environment: Environment): Promise<void> {
    edge ??= openEdge(environment);
    await edge.clean();
  },
};
