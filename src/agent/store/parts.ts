/** Many rows by one statement: their columns are given as packed bytes, every part as long as the others of its column. */

/** Begins a statement with the common table `parts`, whose rows are n = 0 to count - 1. Parameter: the count, at least 1. */
export const PARTS =
  'with recursive parts (n) as (select 0 union all select n + 1 from parts where n + 1 < ?)';

/** The part of a packed parameter that belongs to row `n`: `size` bytes of every `stride`, from `offset`. */
export function part(size: number, stride = size, offset = 0): string {
  return `substr(?, n * ${stride} + ${offset + 1}, ${size})`;
}
