/** `npm run edge`: the service on local workerd, until ctrl-C. */
import { parseArgs } from 'node:util';
import { startEdge } from './local.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8787' },
    data: { type: 'string', default: './.state/edge' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) {
  console.log(
    'npm run edge [-- --port N] [-- --data DIR]\n\nThe service of wrangler.toml on this machine (workerd): default port 8787, data in ./.state/edge.',
  );
} else {
  const edge = await startEdge({
    port: Number(values.port),
    data: values.data,
    onOutput: (text) => void process.stderr.write(text),
  });
  console.log(`serving on ${edge.url}, data in ${values.data}`);
  console.log(`Registration code of one company, serves once: ${await edge.registrationCode()}`);
  console.log(`Operator's token of this run: ${edge.operatorToken}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void edge.close().then(() => process.exit(0)));
  }
}
