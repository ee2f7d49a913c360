import { parse } from 'tldts';
import { ok, type Result, refuse } from '../result.ts';
import { SHARED_HOSTS } from './hosts.ts';
import { FREE_MAIL } from './mail.ts';

/** Why a raw value gives no domain. */
export type DomainProblem =
  | 'empty'
  | 'not_a_host'
  | 'ip_address'
  | 'no_registrable_domain'
  | 'shared_host'
  | 'free_mail';

/** In UTF-16 code units, before any mapping, so that no input takes long. */
const MAX_AUTHORITY_LENGTH = 1000;
const SCHEME = /^(?:[a-z][a-z0-9+.-]*:)?[/\\]{2,}|^https?:?[/\\]+/i;
const IPV6 = /^\[|^[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*$/i;
const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** A web or mail address taken apart. */
export interface Address {
  /** In lower case, A-labels. */
  readonly host: string;
  /** What follows the host, without query and fragment. */
  readonly path: string;
  /** True for an e-mail address. */
  readonly mail: boolean;
  /** The registrable domain, and its parts before and from the public suffix. */
  readonly domain: string;
  readonly label: string;
  readonly suffix: string;
  /** The entry of `SHARED_HOSTS` that covers the host, or null; `*` at its end is replaced by the suffix. */
  readonly shared: string | null;
}

/**
 * The registrable domain of a URL, host or e-mail address, in lower case with punycode labels. Under a
 * private public suffix (github.io, myshopify.com) each customer's host is a domain of its own and the
 * bare platform is shared. Hosts that many companies use and free-mail providers never identify one. See
 * spec/normaliser.md.
 */
export function normaliseDomain(raw: string): Result<string, DomainProblem> {
  const address = addressOf(raw);
  if (!address.ok) return address;
  return address.value.shared === null ? ok(address.value.domain) : refuse('shared_host');
}

/** The parts of an address, with the shared host it may be below; refuses what `normaliseDomain` refuses otherwise. */
export function addressOf(raw: string): Result<Address, DomainProblem> {
  const text = raw.trim();
  if (text === '') return refuse('empty');
  const { authority, path, mail } = split(text);
  if (IPV6.test(authority)) return refuse('ip_address');
  const host = canonicalHost(authority.replace(/:\d*$/, ''));
  if (host === null) return refuse('not_a_host');
  if (IPV4.test(host)) return refuse('ip_address');

  const parts = parse(host, { allowPrivateDomains: true, extractHostname: false });
  const bare = parts.domain === null || (parts.isPrivate && parts.domainWithoutSuffix === 'www');
  if (parts.isPrivate && bare) return refuse('shared_host');
  // Without a listed suffix tldts takes the last label, so that internal names (crm.local) would look like domains.
  if (parts.domain === null || !(parts.isIcann || parts.isPrivate)) return refuse('no_registrable_domain');
  if (parts.domain.includes('_')) return refuse('not_a_host');

  const names = lineage(host);
  const label = parts.domainWithoutSuffix ?? '';
  const suffix = parts.publicSuffix ?? '';
  let shared = names.find((name) => SHARED_HOSTS.has(name)) ?? null;
  if (parts.isIcann) {
    names.push(`${label}.*`);
    if (shared === null && SHARED_HOSTS.has(`${label}.*`)) shared = `${label}.${suffix}`;
  }
  if (shared === null && names.some((name) => FREE_MAIL.has(name) || (mail && FREE_MAIL.has(`@${name}`))))
    return refuse('free_mail');
  return ok({ host, path, mail, domain: parts.domain, label, suffix, shared });
}

/**
 * The host with its port, the path, and whether the text is an e-mail address (an `@` in a URL only ends the user's
 * name).
 */
function split(text: string): { authority: string; path: string; mail: boolean } {
  let rest = /<([^<>]*)>$/.exec(text)?.[1]?.trim() ?? text;
  let url = false;
  if (/^mailto:/i.test(rest)) {
    rest = rest.slice('mailto:'.length).trim();
  } else {
    // Forms are filled twice: http://https://example.com is common in real lists.
    for (let scheme = SCHEME.exec(rest); scheme !== null; scheme = SCHEME.exec(rest)) {
      rest = rest.slice(scheme[0].length);
      url = true;
    }
  }
  const authority = rest.split(/[/\\?#]/, 1)[0] ?? '';
  const path = rest.slice(authority.length).split(/[?#]/, 1)[0] ?? '';
  const at = authority.lastIndexOf('@');
  return { authority: authority.slice(at + 1), path, mail: at >= 0 && !url };
}

/**
 * The host as the URL standard writes it (UTS 46, lower case, A-labels), without trailing dots; null
 * where it is none.
 */
function canonicalHost(authority: string): string | null {
  // The URL parser would drop tabs and line ends and decode percent signs; a host has neither.
  if (authority === '' || authority.length > MAX_AUTHORITY_LENGTH || /[\t\n\r%]/.test(authority)) return null;
  let host: string;
  try {
    host = new URL(`http://${authority}/`).hostname.replace(/\.+$/, '');
  } catch {
    return null;
  }
  return host.length <= 253 && host.split('.').every((label) => LABEL.test(label)) ? host : null;
}

/** The host and the names above it. */
function lineage(host: string): string[] {
  const labels = host.split('.');
  return labels.map((_, i) => labels.slice(i).join('.'));
}
