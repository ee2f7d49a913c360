/**
 * better-auth's records in the directory's tables, by the port that works on SQLite and D1 alike. A session's token is
 * stored as its hash: whoever reads the database cannot log in.
 */
import { toHex, utf8 } from '../../../protocol/bytes.ts';
import { sha256 } from '../../../protocol/hash.ts';
import type { Directory, DirectoryValue } from '../storage/directory.ts';

/** A condition as better-auth hands it down. */
export interface Condition {
  readonly field: string;
  readonly value: unknown;
  readonly operator: string;
  readonly connector: string;
}

interface Selection {
  readonly model: string;
  readonly where?: readonly Condition[] | undefined;
}

type Row = Record<string, unknown>;

const OPERATORS: Readonly<Record<string, string>> = {
  eq: 'is',
  ne: 'is not',
  lt: '<',
  lte: '<=',
  gt: '>',
  gte: '>=',
};

/** The hash that stands for a session's token in the database. */
export function storedToken(token: string): string {
  return toHex(sha256(utf8(token)));
}

/** The methods of an adapter. `model` is a table's name; fields are columns in better-auth's spelling. */
export function loginRows(directory: Directory) {
  async function select(selection: Selection, rest = ''): Promise<Row[]> {
    const { sql, values } = condition(selection);
    return (await directory.all<Row>(`select * from ${selection.model}${sql}${rest}`, ...values)).map(named);
  }

  async function change(selection: Selection, update: Row): Promise<Row[]> {
    const { sql, values } = condition(selection);
    const names = Object.keys(update);
    const sets = names.map((name) => `${column(name)} = ?`).join(', ');
    const all = [...names.map((name) => storedValue(selection.model, name, update[name])), ...values];
    return (await directory.all<Row>(`update ${selection.model} set ${sets}${sql} returning *`, ...all)).map(
      named,
    );
  }

  async function remove(selection: Selection): Promise<number> {
    const { sql, values } = condition(selection);
    const [count = 0] = await directory.batch([[`delete from ${selection.model}${sql}`, ...values]]);
    return count;
  }

  return {
    async create<Data extends Row>({ model, data }: { model: string; data: Data }): Promise<Data> {
      const names = Object.keys(data);
      const columns = names.map(column).join(', ');
      const values = names.map((name) => storedValue(model, name, data[name]));
      await directory.batch([
        [`insert into ${model} (${columns}) values (${names.map(() => '?').join(', ')})`, ...values],
      ]);
      // As given, not as stored: this is the one time that the session's token is seen.
      return data;
    },
    async findOne<Found>(selection: Selection): Promise<Found | null> {
      return ((await select(selection, ' limit 1'))[0] as Found | undefined) ?? null;
    },
    async findMany<Found>(selection: Selection & { limit: number }): Promise<Found[]> {
      return (await select(selection, ` limit ${Math.trunc(selection.limit)}`)) as Found[];
    },
    async count(selection: Selection): Promise<number> {
      return (await select(selection)).length;
    },
    async update<Value>(selection: Selection & { update: Value }): Promise<Value | null> {
      return ((await change(selection, selection.update as Row))[0] as Value | undefined) ?? null;
    },
    async updateMany(selection: Selection & { update: Row }): Promise<number> {
      return (await change(selection, selection.update)).length;
    },
    async delete(selection: Selection): Promise<void> {
      await remove(selection);
    },
    deleteMany: remove,
  };
}

function condition({ model, where = [] }: Selection): { sql: string; values: DirectoryValue[] } {
  const parts = where.map(({ field, operator, connector }) => {
    const sign = OPERATORS[operator];
    if (!sign || connector !== 'AND') throw new Error(`${connector} ${operator} is not implemented`);
    return `${column(field)} ${sign} ?`;
  });
  return {
    sql: parts.length > 0 ? ` where ${parts.join(' and ')}` : '',
    values: where.map(({ field, value }) => storedValue(model, field, value)),
  };
}

function storedValue(model: string, field: string, value: unknown): DirectoryValue {
  if (model === 'login_sessions' && field === 'token' && typeof value === 'string') return storedToken(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw new Error(`${model}.${field} has a value of an unknown type`);
}

function column(field: string): string {
  if (!/^[a-zA-Z]+$/.test(field)) throw new Error('that is no name of a field');
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function named(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}
