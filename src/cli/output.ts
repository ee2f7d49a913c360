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

/** How fast work goes and how long it takes yet; nothing while neither can be told. */
export function pace(done: number, total: number, ms: number): string {
  if (ms < 500 || done <= 0) return '';
  const rate = done / (ms / 1000);
  const left = Math.ceil((total - done) / rate);
  const text =
    left < 100 ? `${left} s` : left < 6000 ? `${Math.round(left / 60)} min` : `${Math.round(left / 3600)} h`;
  return `  ${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s${left > 0 ? `  ${text} left` : ''}`;
}

const BAR_STAYS_MS = 3000;

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
    format: 'commonground: {phase} {bar} {value}/{total}{pace}',
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
  });
  let current = '';
  let begun = Date.now();
  let moved = 0;
  let over = true;
  return {
    update(phase, done, total) {
      // Two phases may go on side by side; the bar stays with one until it is over, or does not move.
      if (phase !== current && !over && Date.now() - moved < BAR_STAYS_MS) return;
      moved = Date.now();
      over = done >= total;
      if (phase !== current) {
        if (current) bar.stop();
        current = phase;
        begun = Date.now();
        bar.start(total, done, { phase, pace: '' });
      }
      bar.update(done, { phase, pace: pace(done, total, Date.now() - begun) });
    },
    stop() {
      if (current) bar.stop();
      current = '';
    },
  };
}
