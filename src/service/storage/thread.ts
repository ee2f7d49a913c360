/** The entry of a thread that partnerships work in: one operation after another, as they come. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Result } from '../../../protocol/result.ts';
import type { ProblemCode } from '../problems.ts';
import { openPartnershipFiles } from './files.ts';
import type { FromThread, Step, Task, ThreadSettings, ToThread } from './messages.ts';

const port = parentPort;
if (!port) throw new Error('this file is a thread of the service');
const { folder, openFiles } = workerData as ThreadSettings;
const files = openPartnershipFiles(folder, openFiles);

port.on('message', (message: ToThread) => {
  if (message === 'close') {
    files.close();
    port.close();
    return;
  }
  const outcome = outcomeOf(message);
  const answer: FromThread = { number: message.number, outcome, open: files.open() };
  port.postMessage(answer, 'result' in outcome ? buffersIn(outcome.result) : []);
});

function outcomeOf(message: Task | Step): FromThread['outcome'] {
  try {
    if ('nowMs' in message) return { stepped: files.step(message.partnership, message.nowMs) };
    const { partnership, name, call, input } = message;
    return files.run(partnership, name, call, input);
  } catch (error) {
    const { name: kind, message, stack } = error instanceof Error ? error : new Error(String(error));
    return { thrown: { name: kind, message, stack } };
  }
}

/** A chunk leaves without being copied; what shares its buffer with something else is copied. */
function buffersIn(result: Result<unknown, ProblemCode>): ArrayBuffer[] {
  const bytes = result.ok ? result.value : null;
  if (!(bytes instanceof Uint8Array) || !(bytes.buffer instanceof ArrayBuffer)) return [];
  return bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer] : [];
}
