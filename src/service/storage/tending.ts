/** Work that operations left behind, one step after another, with time between for those who ask. */
import type { PartnershipId } from '../../../protocol/ids.ts';

export interface Tending {
  /** Has work of this partnership done, now or soon. */
  note(id: PartnershipId): void;
  /** Ends after the step under way; what is left is found again at the next start. */
  close(): Promise<void>;
}

/**
 * Takes the steps of all noted partnerships in turn; `step` says whether more is left. One that fails is reported and left
 * until it is noted again.
 */
export function tendPartnerships(
  step: (id: PartnershipId) => Promise<boolean>,
  report: (error: unknown) => void,
): Tending {
  const waiting = new Set<PartnershipId>();
  let isClosing = false;
  let working: Promise<void> | null = null;

  async function goOn(): Promise<void> {
    // Requests that have come meanwhile are first.
    await new Promise((done) => setTimeout(done));
    for (const id of waiting) {
      if (isClosing) return;
      waiting.delete(id);
      try {
        // At the end of the line again, which this loop comes to.
        if (await step(id)) waiting.add(id);
      } catch (error) {
        report(error);
      }
      await new Promise((done) => setTimeout(done));
    }
  }

  function begin(): void {
    working ??= goOn().finally(() => {
      working = null;
      if (waiting.size > 0 && !isClosing) begin();
    });
  }

  return {
    note(id) {
      if (isClosing) return;
      waiting.add(id);
      begin();
    },
    async close() {
      isClosing = true;
      await working;
    },
  };
}
