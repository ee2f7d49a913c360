/** What people and scripts read: data on stdout, everything else on stderr. */
import cliProgress from 'cli-progress';

/** Prints data. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Prints a value as one JSON document. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

/** Tells the person something that is no data. */
export function note(text: string): void {
  process.stderr.write(`commonground: ${text}\n`);
}

/** Columns aligned by their widest cell; numbers to the right. */
export function table(
  header: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): string {
  const text = rows.map((row) => row.map((cell) => (cell === null ? '' : printable(String(cell)))));
  const widths = header.map((title, column) =>
    Math.max(title.length, ...text.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[], right: readonly boolean[]) =>
    cells
      .map((cell, column) =>
        right[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  const right = header.map(
    (_, column) =>
      rows.length > 0 && rows.every((row) => typeof row[column] === 'number' || row[column] === null),
  );
  return [line(header, right), ...text.map((row) => line(row, right))].join('\n');
}

/** A partner's text on this terminal: control and direction characters cannot move the cursor or reorder a line. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
}

/** Progress of long work: a bar with rate and time left on a terminal, a line a phase elsewhere. */
export function progressBar(): { update(phase: string, done: number, total: number): void; stop(): void } {
  if (!process.stderr.isTTY) {
    let last = '';
    return {
      update(phase, done, total) {
        if (done >= total && phase !== last) {
          last = phase;
          note(`${phase}: ${total}`);
        }
        if (done < total) last = '';
      },
      stop: () => undefined,
    };
  }
  const bar = new cliProgress.SingleBar({
    format: 'commonground: {phase} {bar} {value}/{total}  {rate}/s  {eta_formatted} left',
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
  });
  let current = '';
  let begun = Date.now();
  return {
    update(phase, done, total) {
      if (phase !== current) {
        if (current) bar.stop();
        current = phase;
        begun = Date.now();
        bar.start(total, done, { phase, rate: '-' });
      }
      const seconds = (Date.now() - begun) / 1000;
      bar.update(done, { phase, rate: seconds > 0.2 ? Math.round(done / seconds) : '-' });
    },
    stop() {
      if (current) bar.stop();
      current = '';
    },
  };
}
