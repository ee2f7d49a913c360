/** What is used of the Workers runtime's own module. */
declare module 'cloudflare:workers' {
  export class DurableObject {
    constructor(context: unknown, environment: unknown);
  }
}
