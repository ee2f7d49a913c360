import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ImportError } from '../../src/agent/import/errors.ts';
import {
  MAX_CELL_CHARS,
  readTable,
  type TableRow,
  tableRows,
  tableStart,
} from '../../src/agent/import/table.ts';
import { detectEncoding } from '../../src/agent/import/text.ts';
import { collect, temporaryFile } from '../support/files.ts';

async function read(content: string | Uint8Array, delimiter?: string) {
  const table = await readTable(temporaryFile(content), delimiter === undefined ? {} : { delimiter });
  return { ...table, rows: await collect(table.rows) };
}

async function failure(content: string | Uint8Array, delimiter?: string): Promise<ImportError> {
  try {
    await read(content, delimiter);
  } catch (error) {
    if (error instanceof ImportError) return error;
    throw error;
  }
  throw new Error('the file was read');
}

function utf16(text: string, order: 'le' | 'be'): Uint8Array {
  const bytes = Buffer.from(`\uFEFF${text}`, 'utf16le');
  return order === 'le' ? bytes : bytes.swap16();
}

const TEXT = 'id,name\n1,Müller & Söhne “Ω” 😀\n2,Æon\n';
const ROWS = [
  { line: 2, cells: ['1', 'Müller & Söhne “Ω” 😀'] },
  { line: 3, cells: ['2', 'Æon'] },
];

describe('encodings', () => {
  test.each([
    ['UTF-8', Buffer.from(TEXT), 'utf-8'],
    ['UTF-8 with a byte order mark', Buffer.from(`\uFEFF${TEXT}`), 'utf-8'],
    ['UTF-16 LE', utf16(TEXT, 'le'), 'utf-16le'],
    ['UTF-16 BE', utf16(TEXT, 'be'), 'utf-16be'],
  ])('%s', async (_, bytes, encoding) => {
    expect(await read(bytes)).toMatchObject({ encoding, columns: ['id', 'name'], rows: ROWS });
  });

  test('Windows-1252, with the characters that Latin-1 does not have', async () => {
    const bytes = Buffer.concat([Buffer.from('id,name\n1,'), Buffer.from([0x80, 0x93, 0xfc, 0x9c, 0x0a])]);
    expect(await read(bytes)).toMatchObject({
      encoding: 'windows-1252',
      rows: [{ line: 2, cells: ['1', '€“üœ'] }],
    });
  });

  test('one wrong byte far behind the first chunk makes it Windows-1252', async () => {
    const bytes = Buffer.concat([
      Buffer.from(`id,name\n${'1,Müller\n'.repeat(30_000)}2,M`),
      Buffer.from([0xfc]),
    ]);
    const table = await read(bytes);
    expect(table.encoding).toBe('windows-1252');
    expect(table.rows.at(-1)).toEqual({ line: 30_002, cells: ['2', 'Mü'] });
  });

  test('a UTF-8 sequence cut at the end is not UTF-8', async () => {
    expect((await read(Buffer.from([0x69, 0x64, 0x0a, 0x31, 0xc3]))).encoding).toBe('windows-1252');
  });

  test('every way to cut the bytes into chunks gives the same', async () => {
    const text = 'id,name\r\n1,"Ü\r\n😀""x"\r\n\r\n2,é\r3,z';
    const expected = [
      { line: 2, cells: ['1', 'Ü\n😀"x'] },
      { line: 5, cells: ['2', 'é'] },
      { line: 6, cells: ['3', 'z'] },
    ];
    const files = [
      [Buffer.from(text), 'utf-8'],
      [utf16(text, 'le'), 'utf-16le'],
      [utf16(text, 'be'), 'utf-16be'],
    ] as const;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.integer({ min: 1, max: 9 }),
        async ([bytes, encoding], size) => {
          const chunks = async function* () {
            for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
          };
          expect(await detectEncoding(chunks())).toBe(encoding);
          const start = await tableStart(chunks(), encoding);
          expect(await collect(tableRows(chunks(), encoding, start))).toEqual(expected);
        },
      ),
    );
  });
});

describe('delimiters', () => {
  test.each([[','], [';'], ['\t'], ['|']])('%j is told by the header, outside quotes', async (delimiter) => {
    const others = [',', ';', '\t', '|']
      .filter((one) => one !== delimiter)
      .join('')
      .repeat(3);
    const table = await read(`id${delimiter}"a${others}"${delimiter}b\n1${delimiter}2${delimiter}3\n`);
    expect(table).toMatchObject({ delimiter, columns: ['id', expect.any(String), 'b'] });
    expect(table.rows).toEqual([{ line: 2, cells: ['1', '2', '3'] }]);
  });

  test('one column needs none', async () => {
    expect(await read('name\nAcme\n')).toMatchObject({
      delimiter: ',',
      rows: [{ line: 2, cells: ['Acme'] }],
    });
  });

  test('a given one decides', async () => {
    expect((await read('a,b:c\n1:2\n', ':')).rows).toEqual([{ line: 2, cells: ['1', '2'] }]);
    expect((await read('a,b\tc\n1\t2\n', 'tab')).columns).toEqual(['a,b', 'c']);
  });

  test.each([['ab'], [''], ['"'], ['\n']])('%j is none', async (delimiter) => {
    expect((await failure('a,b\n', delimiter)).code).toBe('bad_delimiter');
  });

  test('a spreadsheet’s first line tells it, and lines are still counted from the file’s first', async () => {
    expect(await read('sep=;\nid;a,b,c\n1;2\n')).toMatchObject({
      delimiter: ';',
      columns: ['id', 'a,b,c'],
      rows: [{ line: 3, cells: ['1', '2'] }],
    });
  });
});

describe('rows', () => {
  test('quotes, doubled quotes, embedded delimiters and line ends', async () => {
    const table = await read(
      'id,note\r\n1,"a ""b"", c"\r\n2,"x\r\ny\r\n\r\nz"\r\n\r\n3, "q"\r\n4,5" pipe\r\n',
    );
    expect(table.rows).toEqual([
      { line: 2, cells: ['1', 'a "b", c'] },
      { line: 3, cells: ['2', 'x\ny\n\nz'] },
      { line: 8, cells: ['3', 'q'] },
      { line: 9, cells: ['4', '5" pipe'] },
    ]);
  });

  test('formulas stay text', async () => {
    expect((await read('id,name\n1,"=cmd|\' /C calc\'!A0"\n')).rows).toEqual([
      { line: 2, cells: ['1', "=cmd|' /C calc'!A0"] },
    ]);
  });

  test('a row with a wrong number of cells is rejected with its line; the others are kept', async () => {
    const table = await read('id,name\n1,"a\nb"\n2\n3,c,d\n,\n4,e\n');
    expect(table.rows).toEqual([
      { line: 2, cells: ['1', 'a\nb'] },
      { line: 4, rejected: '1 cells where the header has 2' },
      { line: 5, rejected: '3 cells where the header has 2' },
      { line: 7, cells: ['4', 'e'] },
    ]);
  });

  test('a cell may have MAX_CELL_CHARS characters, not one more', async () => {
    const table = await read(
      `id,note\n1,${'x'.repeat(MAX_CELL_CHARS)}\n2,${'x'.repeat(MAX_CELL_CHARS + 1)}\n3,z\n`,
    );
    expect(table.rows.map((row) => ('rejected' in row ? row.rejected : row.cells[0]))).toEqual([
      '1',
      `the cell of "note" has ${MAX_CELL_CHARS + 1} characters, more than ${MAX_CELL_CHARS}`,
      '3',
    ]);
  });

  test('a zero byte far from the beginning costs its row only', async () => {
    const table = await read(`id,name\n${'1,a\n'.repeat(200)}2,b\0\n3,c\n`);
    expect(table.rows.slice(-2)).toEqual([
      { line: 202, rejected: 'a cell has a zero byte' },
      { line: 203, cells: ['3', 'c'] },
    ]);
  });

  test('a missing closing quote does not silently swallow the next row', async () => {
    const table = await read('id,name,country\n1,"Foo,US\n2,"Bar",US\n3,Baz,US\n');
    expect(table.rows).toEqual([
      { line: 2, rejected: 'a quote is opened and not closed before the line ends' },
      { line: 4, cells: ['3', 'Baz', 'US'] },
    ]);
    const fine = await read('id,note\n1,"""Foo"" said\nso"\n');
    expect(fine.rows).toEqual([{ line: 2, cells: ['1', '"Foo" said\nso'] }]);
    expect((await read('id\tname\n1\t"Foo" Ltd\n')).rows).toEqual([{ line: 2, cells: ['1', '"Foo" Ltd'] }]);
  });

  test('a quote that is never closed stops the import at its row', async () => {
    const error = await failure('id,name\n1,a\n2,"b\n3,c\n');
    expect(error).toMatchObject({ code: 'quote_not_closed', line: 3 });
    expect(error.hint).toContain('line 3');
  });

  test('an endless row stops the import before it fills the memory', async () => {
    expect(await failure(`id,name\n1,"${'x,y\n'.repeat(2_500_000)}`)).toMatchObject({
      code: 'record_too_long',
      line: 2,
    });
  });

  test('rows can be read again', async () => {
    const table = await readTable(temporaryFile('id\n1\n2\n'));
    const first = await collect(table.rows);
    expect(first).toHaveLength(2);
    expect(await collect(table.rows)).toEqual(first);
  });

  test('50,000 rows come one by one, with little read ahead', async () => {
    let given = 0;
    const chunks = async function* () {
      yield Buffer.from('id,name\n');
      for (let row = 1; row <= 50_000; row++) {
        given = row;
        yield Buffer.from(`${row},"Company ${row}, the ""${row}th""\nof many, ${'x'.repeat(80)}"\n`);
      }
    };
    const start = await tableStart(chunks(), 'utf-8');
    let taken = 0;
    let ahead = 0;
    for await (const row of tableRows(chunks(), 'utf-8', start) as AsyncIterable<TableRow>) {
      taken++;
      if (!('cells' in row) || row.cells[0] !== String(taken) || row.line !== 2 * taken) {
        expect(row).toMatchObject({ line: 2 * taken, cells: [String(taken), expect.any(String)] });
      }
      ahead = Math.max(ahead, given - taken);
    }
    expect(taken).toBe(50_000);
    // 16 kB of bytes and 16 records stand in the streams' buffers; a reader of whole files would show 50,000.
    expect(ahead).toBeLessThan(1_000);
  });

  test('whatever is written by the rules of RFC 4180 is read back', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' ', 'ü', ';', "'"), maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell), { maxLength: 8 }), async (rows) => {
        const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const text = ['a,b', ...rows.map((row) => row.map(quoted).join(','))].join('\r\n');
        const chunks = async function* () {
          yield Buffer.from(text);
        };
        const start = await tableStart(chunks(), 'utf-8');
        const got = await collect(tableRows(chunks(), 'utf-8', start));
        const kept = rows.filter((row) => row.some((one) => one.trim() !== ''));
        expect(got.map((row) => ('cells' in row ? row.cells : row.rejected))).toEqual(kept);
      }),
    );
  });
});

describe('files that cannot be imported', () => {
  const zip = Buffer.from([0x50, 0x4b, 0x03, 0x04, 0x14, 0x00, 0x06, 0x00]);
  test.each([
    ['nothing', '', 'empty'],
    ['a byte order mark only', '\uFEFF', 'empty'],
    ['blank lines only', '\n\r\n', 'empty'],
    ['a workbook', zip, 'not_text'],
    ['UTF-16 without a mark', Buffer.from('id,name', 'utf16le'), 'not_text'],
    ['a header without names', ' , \n1,2\n', 'bad_header'],
    ['a header that does not end', `"a,${'b,'.repeat(200_000)}`, 'bad_header'],
  ])('%s', async (_, content, code) => {
    const error = await failure(content);
    expect(error.code).toBe(code);
    expect(error.hint).not.toBe('');
  });

  test('duplicated columns are named, each once', async () => {
    const error = await failure('Id,Name, name ,NAME,id,Type\n');
    expect(error).toMatchObject({ code: 'bad_header', line: 1 });
    expect(error.message).toContain('"name", "NAME", "id"');
    expect(error.message).not.toContain('Type');
  });

  test('a nameless column gets a name', async () => {
    expect((await read('id,,b\n1,2,3\n')).columns).toEqual(['id', 'column 2', 'b']);
  });

  test('no such file, or a folder', async () => {
    await expect(readTable('/nowhere/list.csv')).rejects.toMatchObject({ code: 'not_readable' });
    await expect(readTable('/')).rejects.toMatchObject({ code: 'not_readable' });
  });

  test('a file that changed between detection and reading', async () => {
    const chunks = async function* () {
      yield Buffer.from([0x69, 0x64, 0x0a, 0xff]);
    };
    await expect(tableStart(chunks(), 'utf-8')).rejects.toMatchObject({ code: 'not_text' });
  });
});
