/** What the agent has pinned of both sides' papers, as its signed head carries it to the organisation's members. */
import * as z from 'zod';
import { pinsOf } from '../scopes/following.ts';
import type { Pins } from '../scopes/papers.ts';
import type { Partnership } from '../store/partnerships.ts';
import type { Viewer } from '../viewer.ts';

const side = z.strictObject({
  rosters: z.array(z.string()),
  scopes: z.array(z.strictObject({ signed: z.string(), statements: z.array(z.string()) })),
});
const pins = z.strictObject({ mine: side, theirs: side });

export function writePins(viewer: Viewer, partnership: Partnership): string {
  return JSON.stringify(pinsOf(viewer, partnership));
}

/** Reads the pins of a checked head; null where they are of another version. */
export function readPins(text: string): Pins | null {
  try {
    return pins.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
