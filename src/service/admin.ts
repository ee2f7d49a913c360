/** What only the operator sees, on a port of its own: who may read the public one does not learn how busy it is. */
import { Hono } from 'hono';
import type { Metrics } from './metrics.ts';

export function createAdminApp(metrics: Metrics, isReady: () => Promise<boolean>): Hono {
  const app = new Hono();
  app.get('/healthz', (context) => context.json({ ok: true }));
  app.get('/readyz', async (context) => {
    const ok = await isReady();
    return context.json({ ok }, ok ? 200 : 503);
  });
  app.get('/metrics', async (context) => {
    const { text, type } = await metrics.page();
    return context.body(text, 200, { 'content-type': type });
  });
  return app;
}
