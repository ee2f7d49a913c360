import { normaliseCountry } from './country.ts';
import type { Address } from './domain.ts';
import { table } from './table.ts';

/** Parts of a web address that are no part of the name: "huaweicloud", "cybozu-global", "getacme", "acmeinc". */
export const SITE_WORDS = table(`
  www web online site home homepage about corporate global world worldwide international intl int group grp holding
  holdings inc incorporated corp corporation co company companies ltd limited llc plc gmbh ag kg sa sas spa srl ab as asa
  oyj oy nv bv se lp cloud hq team official the get try use go join my hello we app apps tech technology technologies
  io ai dev labs lab software systems solutions digital data net network networks consulting services media
  usa us uk eu europe emea apac asia america americas northamerica latam africa de ch at fr es it nl be dk no fi pl cz
  pt br mx ar cl jp cn kr in sg hk tw au nz ca za ae ru tr ie deutschland france espana italia india japan china korea
  brasil mexico canada australia eng engineering oss opensource open source developers research
`);

/** A path segment before the handle: linkedin.com/company/acme. */
export const PATH_WORDS = table(`
  company companies school showcase organization organizations organisation org orgs user users u c r channel pg groups
  biz profile pages in p
`);

/** Labels of a host that name no customer of it. */
export const HOST_WORDS = table(
  'www m mobile web en de fr es it jp cn uk us about cloud developers developer blog open opensource',
);

/** Public suffixes that are no brand, and those of several labels. */
const OPEN_SUFFIX = /^(?:com|org|net|info|biz|edu|gov|mil|int|..|.*\..*)$/;

/** What an address says of its owner's name, in small letters. */
export interface SiteLabel {
  readonly text: string;
  /** The label names its owner only where the owner's whole name says the same, or its initials. */
  readonly whole: boolean;
  /** A brand's own top level, which nobody else can have. */
  readonly top: boolean;
}

/**
 * What an address says of its owner's name, the most telling first: the label of an own domain, the handle on a shared
 * host, the shared host itself where no handle is there.
 */
export function siteLabels(address: Address): SiteLabel[] {
  const { host, path, label, suffix, shared, domain } = address;
  const part = (text: string): SiteLabel => ({ text, whole: false, top: false });
  const whole = (text: string): SiteLabel => ({ text, whole: true, top: false });
  const below = (parent: string) => (host === parent ? [] : host.slice(0, -parent.length - 1).split('.'));
  if (shared === null) {
    // "Booking.com" is called so; under a brand's own top level the brand stands last: global.toyota, group.softbank.
    const brand = SITE_WORDS.has(label) && !SITE_WORDS.has(suffix) && !OPEN_SUFFIX.test(suffix);
    const top = brand ? [{ ...part(suffix), top: true }] : [];
    return [whole(domain), part(label), ...top, ...below(domain).slice(0, 1).map(whole)];
  }
  const tenants = below(shared).filter((text) => !HOST_WORDS.has(text) && text.length > 2);
  const segments = path.split('/').map((text) => text.toLowerCase().replace(/^[@~]/, ''));
  const handle = segments.find((text) => text !== '' && !PATH_WORDS.has(text));
  const named = [...(handle === undefined ? [] : [handle]), ...tenants.slice(-1)].map(part);
  return [...named, handle === undefined && tenants.length === 0 ? part(label) : whole(label)];
}

/**
 * The longest run of words from the name's start that the label consists of but for words that say nothing, or null
 * where it is none. Words are folded; a run of fewer than three letters counts only as the whole name, and so does one
 * behind which a country stands, since that is a subsidiary.
 */
export function confirmedRun(list: readonly string[], label: SiteLabel): string[] | null {
  const plain = label.text.replace(/[^a-z0-9]/g, '');
  if (!plain.includes(list[0] ?? '')) return null;
  for (let length = list.length; length > (label.whole ? list.length - 1 : 0); length--) {
    const run = list.slice(0, length);
    const rest = list.slice(length).filter((word) => word !== 'de' && word !== 'of' && word !== 'do');
    for (const text of new Set([
      run.join(''),
      run.filter((word) => word !== 'and' && word !== 'of').join(''),
    ])) {
      const named = text === plain || (text.length > 2 && !label.whole && surrounded(plain, text));
      if (!named || (text.length < 3 && rest.length > 0)) continue;
      return rest.length > 0 && normaliseCountry(rest.join(' ')) !== null ? null : run;
    }
  }
  return null;
}

/** True if only words that say nothing stand before or behind the text in the label. */
function surrounded(label: string, text: string): boolean {
  if (label.startsWith(text)) return SITE_WORDS.has(label.slice(text.length));
  return label.endsWith(text) && SITE_WORDS.has(label.slice(0, -text.length));
}
