/** What the service's main thread and those that partnerships work in say to each other. */
import type { PartnershipId } from '../../../protocol/ids.ts';
import type { Result } from '../../../protocol/result.ts';
import type { Call } from '../partnership/context.ts';
import type { Input, OperationName } from '../partnership/operations.ts';
import type { ProblemCode } from '../problems.ts';

/** What a thread is started with. */
export interface ThreadSettings {
  /** Where the partnerships' files are. */
  readonly folder: string;
  /** Files that it may have open. */
  readonly openFiles: number;
}

/** An operation to run; the number comes back with its answer. */
export interface Task {
  readonly number: number;
  readonly partnership: PartnershipId;
  readonly name: OperationName;
  readonly call: Call;
  readonly input: Input<OperationName>;
}

/** A step of the work that operations left behind; answers whether more is left. */
export interface Step {
  readonly number: number;
  readonly partnership: PartnershipId;
  readonly nowMs: number;
}

/** To a thread: a task, a step, or to close its files and end. Tasks before it are done first. */
export type ToThread = Task | Step | 'close';

/** An error as it crosses between threads, where its class would be lost. */
export interface ThrownError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

/** From a thread: what came of a task, whether work is left behind it, and how many files it has open now. */
export interface FromThread {
  readonly number: number;
  readonly outcome:
    | { readonly result: Result<unknown, ProblemCode>; readonly leavesWork: boolean }
    | { readonly stepped: boolean }
    | { readonly thrown: ThrownError };
  readonly open: number;
}
