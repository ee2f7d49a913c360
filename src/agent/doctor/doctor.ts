/** Everything that can be wrong with a home, looked at in one go. Checks that need what is missing are left out. */
import { openAgent } from '../agent.ts';
import { Client } from '../client.ts';
import { type Configuration, type Home, isInitialised, readConfiguration, withoutKeyring } from '../home.ts';
import type { Keyring } from '../keyring.ts';
import { listPartnerships } from '../store/partnerships.ts';
import { type Finding, findings } from './finding.ts';
import { checkAgent, checkDisk, checkHome, checkKeyring, checkStore } from './machine.ts';
import { checkPartner, type PartnerTools } from './partners.ts';
import { checkRegistration, checkService } from './service.ts';

export interface DoctorTools extends PartnerTools {
  readonly now: () => number;
  /** Free bytes where a folder is. */
  readonly freeBytes: (directory: string) => number;
}

/** Whoever asks what is wrong does not want to wait for a service that is down. */
const ATTEMPTS = 2;

export async function examine(home: Home, tools: DoctorTools): Promise<Finding[]> {
  if (!isInitialised(home)) {
    return [findings('home').failure(withoutKeyring(home))];
  }
  const found = [...checkHome(home), checkDisk(home, tools.freeBytes), checkStore(home), checkAgent(home)];
  const storeWorks = found.every(({ check, level }) => check !== 'store' || level !== 'error');
  let configuration: Configuration;
  try {
    configuration = readConfiguration(home);
  } catch (error) {
    return [...found, findings('home').failure(error)];
  }
  const { found: keys, keyring } = await checkKeyring(home, configuration, tools.now());
  found.push(keys);
  const client = clientOf(configuration, keyring, tools.now);
  if (!client) {
    const hint = 'run `commonground register --service URL`, or accept an invitation';
    found.push(findings('service').warning('not_registered', 'no service is configured', hint));
  }
  const answer = client && (await checkService(client, tools.now, tools.version));
  if (answer) found.push(...answer.found);
  const registration = client && keyring && answer?.service ? await checkRegistration(client) : null;
  if (registration) found.push(registration.found);
  if (keyring && storeWorks)
    found.push(...(await checkPartners(home, client, registration?.partnerships ?? null, tools)));
  return found;
}

function clientOf(configuration: Configuration, keyring: Keyring | null, now: () => number): Client | null {
  return configuration.service
    ? new Client(configuration.service, keyring, now, { attempts: ATTEMPTS })
    : null;
}

async function checkPartners(
  home: Home,
  client: Client | null,
  known: Parameters<typeof checkPartner>[2],
  tools: DoctorTools,
): Promise<Finding[]> {
  const found: Finding[] = [];
  try {
    const agent = await openAgent(home, tools.now);
    try {
      const quick = { ...agent, client: () => client ?? agent.client() };
      const all = listPartnerships(agent.store);
      const open = all.filter(({ ended }) => !ended?.told);
      for (const partnership of open) found.push(...(await checkPartner(quick, partnership, known, tools)));
      const over = all.length - open.length;
      if (over > 0)
        found.push(findings('partner').note('ended', `${over} ended (\`commonground partner list --all\`)`));
    } finally {
      agent.close();
    }
  } catch (error) {
    found.push(findings('store').failure(error));
  }
  return found;
}
