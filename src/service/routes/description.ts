/** The API's own description, with who may call each route. */
import { needsToken, permissionOf } from '../../wire/permissions.ts';
import type { App } from './http.ts';

/**
 * The OpenAPI document; `x-roles` of an operation is its row in the table of permissions, `x-solo` whether the agent may
 * only in a company of one.
 */
export function describe(app: App, version: string): object {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  const document = app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'commonground', version } });
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of ['get', 'put', 'post', 'delete'] as const) {
      const operation = item[method];
      if (!operation) continue;
      const permission = permissionOf(method.toUpperCase(), path);
      if ((operation.security !== undefined) !== needsToken(permission)) {
        throw new Error(`${method} ${path} is described otherwise than the table of permissions has it`);
      }
      Object.assign(operation, {
        'x-roles': permission?.callers ?? [],
        ...(permission?.solo ? { 'x-solo': true } : {}),
      });
    }
  }
  return document;
}
