/** The Worker as it is, but that each alarm says over HTTP when it begins and when it is done and written: for limits.ts. */
import { Partnership as Real } from '../../src/service/worker.ts';

export { default } from '../../src/service/worker.ts';

export class Partnership extends Real {
  readonly #gate: string;

  constructor(context: ConstructorParameters<typeof Real>[0], environment: { readonly STEP_GATE: string }) {
    super(context, environment);
    this.#gate = environment.STEP_GATE;
  }

  override async alarm(): Promise<void> {
    await fetch(`${this.#gate}/begin`);
    await super.alarm();
    await fetch(`${this.#gate}/end`);
  }
}
