import { identify } from '../../protocol/identifiers/index.ts';

/** What one run of the normaliser over so many accounts took. */
export interface Normalisation {
  readonly rows: number;
  readonly seconds: number;
  /** By how much the memory in use grew between a tenth of the rows and all of them, garbage collected. */
  readonly grownMegabytes: number;
  readonly identifiers: number;
}

const FIRST =
  'Acme Summit Harbor Délta Nordic Müller Silva Газ 東京 Pacific Alpine Verdé Orion Smith J B'.split(' ');
const SECOND = 'Steel Foods Technologies Bank Intl Mfg Energía Systems Logistics Pharma Media Foundry'.split(
  ' ',
);
const FORMS = [
  'Inc.',
  'GmbH & Co. KG',
  'S.A. de C.V.',
  'Corp /DE/',
  'Ltd',
  'Class A Common Stock',
  '株式会社',
  '',
];
const CITIES = ['München', 'New York, NY', 'St. Louis', 'Москва', 'Kobe', 'Lyon'];

/** Identifies so many invented accounts with name, web address, place and number on one thread, one after another. */
export function benchNormaliser(rows: number): Normalisation {
  let identifiers = 0;
  let early = 0;
  const begun = performance.now();
  for (let i = 0; i < rows; i++) {
    const name = `${pick(FIRST, i)} ${i.toString(36)} ${pick(SECOND, i)}`;
    const facts = {
      names: [`${name} ${pick(FORMS, i)}`],
      domains: [`https://www.${pick(SECOND, i).toLowerCase()}${i.toString(36)}.com/about`],
      country: i % 2 === 0 ? 'Germany' : 'US',
      city: pick(CITIES, i),
      ids: { vat: [`DE${100_000_000 + i}`] },
    };
    identifiers += identify(facts).identifiers.length;
    if (i === Math.floor(rows / 10)) early = heapMegabytes();
  }
  const seconds = (performance.now() - begun) / 1000;
  return { rows, seconds, grownMegabytes: Math.max(0, heapMegabytes() - early), identifiers };
}

function pick<Item>(items: readonly Item[], i: number): Item {
  const item = items[i % items.length];
  if (item === undefined) throw new Error('an empty list has no item');
  return item;
}

function heapMegabytes(): number {
  globalThis.gc?.();
  return Math.round(process.memoryUsage().heapUsed / 1_000_000);
}
