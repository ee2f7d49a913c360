/**
 * @openmined/psi.js on the same sizes, in its own package so that the product never installs it. One side alone gets
 * the result, nothing is proved, and there is no network between: its best case.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const PACKAGE = fileURLToPath(new URL('./psi/', import.meta.url));

interface Psi {
  readonly dataStructure: { readonly Raw: unknown };
  readonly server: { createWithNewKey(reveal: boolean): Server };
  readonly client: { createWithNewKey(reveal: boolean): Client };
  readonly request: Message;
  readonly response: Message;
  readonly serverSetup: Message;
}
interface Message {
  deserializeBinary(bytes: Uint8Array): Serialisable;
}
interface Serialisable {
  serializeBinary(): Uint8Array;
}
interface Server {
  createSetupMessage(
    rate: number,
    clientCount: number,
    inputs: readonly string[],
    structure: unknown,
  ): Serialisable;
  processRequest(request: Serialisable): Serialisable;
}
interface Client {
  createRequest(inputs: readonly string[]): Serialisable;
  getIntersection(setup: Serialisable, response: Serialisable): number[];
}

export interface PsiRun {
  readonly accounts: number;
  readonly pairs: number;
  readonly seconds: number;
}

/** Installs the package without its scripts where it is absent; null where that is not possible. */
export async function benchPsi(accounts: number): Promise<PsiRun | null> {
  try {
    if (!existsSync(`${PACKAGE}node_modules`))
      execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: PACKAGE, stdio: 'ignore' });
  } catch {
    return null;
  }
  const load = createRequire(`${PACKAGE}package.json`)(
    '@openmined/psi.js/psi_wasm_node.js',
  ) as () => Promise<Psi>;
  const psi = await load();
  const list = (first: number) => Array.from({ length: accounts }, (_, i) => `company-${first + i}.com`);
  const [a, b] = [list(0), list(accounts / 2)];
  const begun = performance.now();
  const server = psi.server.createWithNewKey(true);
  const client = psi.client.createWithNewKey(true);
  const request = psi.request.deserializeBinary(client.createRequest(a).serializeBinary());
  const setup = server.createSetupMessage(1e-9, accounts, b, psi.dataStructure.Raw);
  const response = psi.response.deserializeBinary(server.processRequest(request).serializeBinary());
  const found = client.getIntersection(psi.serverSetup.deserializeBinary(setup.serializeBinary()), response);
  return { accounts, pairs: found.length, seconds: (performance.now() - begun) / 1000 };
}
