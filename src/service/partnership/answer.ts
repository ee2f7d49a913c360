/**
 * Pages as they go over the wire, JSON. They are made where their rows are read: a page crosses to whoever answers the
 * request as one text, where its hundreds of small values would be copied one by one. Bytes would cross without being
 * copied, and for each page count against the heap of the receiving thread until all of that is collected.
 */
import { toBase64url } from '../../../protocol/bytes.ts';
import { timeText } from './context.ts';
import { JsonWriter } from './jsonwriter.ts';
import type { OverlapRow, Page } from './overlap.ts';
import type { VaultRows } from './vault.ts';
import type { WhiteSpacePage } from './whitespace.ts';

/** `answers.overlap`: a page of the overlap; `own` are the caller's own rows, null for an agent, which has them. */
export function overlapAnswer(page: Page<OverlapRow>, own: VaultRows | null): string {
  const answer = new JsonWriter().open(about(page));
  answer.member('rows').list(page.rows, ({ matches, fields, ...row }) => {
    answer.open(row).member('matches');
    answer.list(matches, ({ kind, tag, boxes, wrapped }) => {
      answer.open().member('kind').value(kind).member('tag').bytes(tag).member('boxes');
      answer.list(boxes, ({ population, box }) =>
        answer.open().member('population').value(population).member('box').bytes(box).close(),
      );
      answer.member('wrapped').bytes(wrapped).close();
    });
    answer.member('fields').open();
    for (const [field, sealed] of fields) answer.member(field).bytes(sealed);
    answer.close().close();
  });
  answer.member('own');
  if (own) {
    answer.open({ key: own.key }).member('rows');
    answer.list(own.rows, ({ handle, sealed }) =>
      answer.open().member('handle').value(handle).member('sealed').bytes(sealed).close(),
    );
    answer.close();
  } else answer.value(null);
  return answer.close().taken();
}

/** `answers.whiteSpace`: a page of white space. */
export function whiteSpaceAnswer(page: WhiteSpacePage): string {
  const { capped, moreFromMs } = page;
  const moreFrom = moreFromMs === null ? null : timeText(moreFromMs);
  const answer = new JsonWriter().open({ ...about(page), capped, moreFrom });
  answer.member('rows').list(page.rows, ({ handle, names }) => {
    answer.open().member('handle').value(handle).member('names');
    answer.list(names, ({ population, sealed }) =>
      answer.open().member('population').value(population).member('sealed').bytes(sealed).close(),
    );
    answer.close();
  });
  return answer.close().taken();
}

/** What a page is about and is checked against, and where the next one begins. */
function about<Row>({ snapshot, head, scope, cells, next }: Page<Row>) {
  return {
    snapshot: snapshot && { number: snapshot.number, at: timeText(snapshot.atMs) },
    head: textOf(head),
    scope: textOf(scope),
    cells,
    next,
  };
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes && toBase64url(bytes);
}
