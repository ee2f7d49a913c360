/** The table of permissions against the routes that are there. */
import { PERMISSIONS, routeName } from '../../wire/permissions.ts';

/** A route as the router knows it. */
interface RegisteredRoute {
  readonly method: string;
  readonly path: string;
}

/** Throws where a route has no row or a row has no route: such a service must not start. */
export function checkPermissions(routes: readonly RegisteredRoute[]): void {
  // What is registered for all methods is middleware.
  const registered = routes.filter(({ method }) => method !== 'ALL');
  const names = new Set(registered.map(({ method, path }) => routeName(method, path)));
  const unlisted = [...names].filter((name) => !PERMISSIONS.has(name));
  const unused = [...PERMISSIONS.keys()].filter((name) => !names.has(name));
  const wrong = [
    ...unlisted.map((name) => `${name} has no row`),
    ...unused.map((name) => `${name} no route`),
  ];
  if (wrong.length > 0)
    throw new Error(`the table of permissions and the routes differ: ${wrong.join('; ')}`);
}
