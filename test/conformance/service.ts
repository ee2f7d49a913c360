/** A service somewhere, asked over HTTP alone; what was asked of it is noted, so that no route is forgotten. */
import { type Answer, answerOf, type CalledService, requestOf } from '../support/service-app.ts';

export interface RemoteOptions {
  /** Without a trailing slash. */
  readonly url: string;
  /** A new registration code for each organisation; null where registration is open. */
  readonly registrationCode: (() => Promise<string>) | null;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

export interface RemoteService extends CalledService {
  readonly url: string;
  /** Method, path and status of every answer so far. */
  readonly answered: readonly { readonly method: string; readonly path: string; readonly status: number }[];
}

export function remoteService({ url, registrationCode, fetch: ask = fetch }: RemoteOptions): RemoteService {
  const answered: { method: string; path: string; status: number }[] = [];
  return {
    url,
    host: new URL(url).host,
    clock: { nowMs: Date.now() },
    answered,
    async call(method, path, options = {}): Promise<Answer> {
      const json = options.json as Record<string, unknown> | undefined;
      const needsCode =
        method === 'PUT' && path.startsWith('/v1/organisations/') && json && !('invitation' in json);
      const sent =
        needsCode && registrationCode && !('registrationCode' in json)
          ? { ...options, json: { ...json, registrationCode: await registrationCode() } }
          : options;
      const request = () => ask(url + path, requestOf(method, sent));
      // A server that refused a body unread closes the connection, which a client may notice with its next request.
      const answer = await answerOf(await request().catch(request));
      answered.push({ method, path, status: answer.status });
      return answer;
    },
  };
}
