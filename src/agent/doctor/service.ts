/** Checks of the service: that it answers, its version and clock, and that it knows this organisation. */
import type { PartnershipId } from '../../../protocol/ids.ts';
import type { Client, ServiceView } from '../client.ts';
import { ServiceRefusal } from '../transport.ts';
import { type Finding, findings } from './finding.ts';

const SKEW_WARN_SECONDS = 60;
const SKEW_ERROR_SECONDS = 300;

/** Asks the service about itself. */
export async function checkService(
  client: Client,
  now: () => number,
  version: string,
): Promise<{ readonly found: Finding[]; readonly service: ServiceView | null }> {
  const { ok, warning, error, failure } = findings('service');
  const before = now();
  let service: ServiceView;
  try {
    service = await client.service();
  } catch (problem) {
    return { found: [failure(problem)], service: null };
  }
  const found = [ok('service_ok', `it answers, version ${service.version}`)];
  if (release(service.version) !== release(version)) {
    found.push(
      warning(
        'version_differs',
        `it has version ${service.version}, this machine ${version}`,
        'update the older one',
      ),
    );
  }
  // The answer was made somewhere between the two readings of this clock.
  const seconds = Math.round((Date.parse(service.time) - (before + now()) / 2) / 1000);
  const text = `the clocks of this machine and the service differ by ${seconds} s`;
  const hint = 'set this machine’s clock by NTP, or tell the operator of the service';
  if (Math.abs(seconds) > SKEW_ERROR_SECONDS) found.push(error('clock_skew', text, hint));
  else if (Math.abs(seconds) > SKEW_WARN_SECONDS) found.push(warning('clock_skew', text, hint));
  else found.push(ok('clock_ok', text));
  return { found, service };
}

/** Logs in, and gives the partnerships that the service knows; null where it knows no such organisation. */
export async function checkRegistration(
  client: Client,
): Promise<{ readonly found: Finding; readonly partnerships: readonly PartnershipId[] | null }> {
  const { ok, error, failure } = findings('service');
  try {
    const partnerships = await client.partnerships();
    return { found: ok('registered', 'this organisation is registered there'), partnerships };
  } catch (problem) {
    const unknown = problem instanceof ServiceRefusal && problem.serviceCode === 'unauthenticated';
    const found = unknown
      ? error(
          'not_registered_there',
          'the service does not know this organisation, or has another agent key of it',
          'run `commonground register --service URL`',
        )
      : failure(problem);
    return { found, partnerships: null };
  }
}

/** What has to be the same for two programs to understand each other: the version without its last number. */
export function release(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
