import { normaliseCountry } from './country.ts';
import { fold, joinInitials, words } from './fold.ts';
import { romaniseAll } from './script.ts';
import { table } from './table.ts';

/** A line is the country, the region's code and its folded names: the states of the USA, the provinces of Canada. */
export const REGIONS = table(
  `
  us al|alabama
  us ak|alaska
  us az|arizona
  us ar|arkansas
  us ca|california
  us co|colorado
  us ct|connecticut
  us de|delaware
  us dc|district of columbia|washington dc
  us fl|florida
  us ga|georgia
  us hi|hawaii
  us id|idaho
  us il|illinois
  us in|indiana
  us ia|iowa
  us ks|kansas
  us ky|kentucky
  us la|louisiana
  us me|maine
  us md|maryland
  us ma|massachusetts
  us mi|michigan
  us mn|minnesota
  us ms|mississippi
  us mo|missouri
  us mt|montana
  us ne|nebraska
  us nv|nevada
  us nh|new hampshire
  us nj|new jersey
  us nm|new mexico
  us ny|new york
  us nc|north carolina
  us nd|north dakota
  us oh|ohio
  us ok|oklahoma
  us or|oregon
  us pa|pennsylvania
  us pr|puerto rico
  us ri|rhode island
  us sc|south carolina
  us sd|south dakota
  us tn|tennessee
  us tx|texas
  us ut|utah
  us vt|vermont
  us va|virginia
  us wa|washington|washington state
  us wv|west virginia
  us wi|wisconsin
  us wy|wyoming
  ca ab|alberta
  ca bc|british columbia
  ca mb|manitoba
  ca nb|new brunswick
  ca nl|newfoundland and labrador|newfoundland
  ca ns|nova scotia
  ca nt|northwest territories
  ca nu|nunavut
  ca on|ontario
  ca pe|prince edward island
  ca qc|quebec
  ca sk|saskatchewan
  ca yt|yukon
`,
  'lines',
);

const REGION_NAMES = new Map<string, string>();
const REGION_CODES = new Map<string, string>();
for (const line of REGIONS) {
  const [codes = '', ...names] = line.split('|');
  const [country = '', code = ''] = codes.split(' ');
  REGION_CODES.set(code, country.toUpperCase());
  for (const name of names) REGION_NAMES.set(name, country.toUpperCase());
}

/** The country of a state of the USA or a province of Canada, given by name or code; null where it is none. */
export function countryOfRegion(raw: string): string | null {
  const text = joinInitials(words(fold(raw))).join(' ');
  return REGION_NAMES.get(text) ?? REGION_CODES.get(text) ?? null;
}

/** True for a country or region, by name or code. */
export function isPlace(text: string): boolean {
  return normaliseCountry(text) !== null || countryOfRegion(text) !== null;
}

/** A line is a city's English name, then what it is called elsewhere and in short, all folded. */
export const CITIES = table(
  `
  vienna|wien
  munich|munchen|muenchen
  cologne|koln|koeln
  nuremberg|nurnberg|nuernberg
  dusseldorf|duesseldorf
  zurich|zuerich
  geneva|geneve|genf|ginevra
  basel|bale|basle
  bern|berne
  lucerne|luzern
  frankfurt|frankfurt am main|frankfurt main|frankfurt a m
  hanover|hannover
  brunswick|braunschweig
  brussels|bruxelles|brussel
  antwerp|antwerpen|anvers
  ghent|gent|gand
  bruges|brugge
  liege|luik
  the hague|den haag|s gravenhage|sgravenhage|hague
  copenhagen|kobenhavn|koebenhavn|kopenhagen
  gothenburg|goteborg
  helsinki|helsingfors
  turku|abo
  rome|roma
  milan|milano|mailand
  turin|torino
  florence|firenze
  venice|venezia
  naples|napoli
  genoa|genova
  bologna|bologne
  seville|sevilla
  saragossa|zaragoza
  lisbon|lisboa
  porto|oporto
  prague|praha|prag
  warsaw|warszawa|warschau
  krakow|cracow|krakau
  wroclaw|breslau
  gdansk|danzig
  bucharest|bucuresti
  budapest|budapesth
  belgrade|beograd|belgrad
  athens|athina|athinai
  thessaloniki|salonica
  moscow|moskva|moskau
  saint petersburg|sankt peterburg|petersburg
  kyiv|kiev|kiew
  lviv|lvov|lwow
  kharkiv|kharkov
  odesa|odessa
  istanbul|constantinople
  izmir|smyrna
  beijing|peking|北京|北京市
  shanghai|上海|上海市
  shenzhen|深圳|深圳市
  guangzhou|canton|广州
  hangzhou|杭州
  hong kong|hongkong|香港
  tokyo|東京|東京都
  osaka|大阪
  kyoto|京都
  seoul|서울|서울특별시
  busan|pusan
  taipei|taibei|台北
  mumbai|bombay
  bengaluru|bangalore
  chennai|madras
  kolkata|calcutta
  gurugram|gurgaon
  pune|poona
  ho chi minh|ho chi minh city|saigon|hcmc
  hanoi|ha noi
  kuala lumpur|kl
  jakarta|dki jakarta
  sao paulo|s paulo
  rio de janeiro|rio
  mexico|mexico city|ciudad de mexico|cdmx|mexico df|mexico d f
  new york|nyc|new york city|manhattan
  los angeles|la
  san francisco|sf
  washington|washington dc|washington d c
  tel aviv|tel aviv yafo|tel aviv jaffa
  jerusalem|yerushalayim
  cairo|al qahirah
  riyadh|ar riyad
  johannesburg|joburg
  luxembourg|luxemburg|letzebuerg
`,
  'lines',
);

const CITY_NAMES = new Map(
  [...CITIES].flatMap((line) => {
    const [name = '', ...others] = line.split('|');
    return others.map((other) => [other, name] as const);
  }),
);

const CITY_WORDS = new Map(Object.entries({ st: 'saint', ste: 'sainte', ft: 'fort', mt: 'mount' }));

/**
 * A city as it is compared: folded words, in Latin letters, of what stands before a comma ("New York, NY"), "st" and the
 * like spelled out, in English where it is one of the cities whose name is another there; null where nothing is left.
 */
export function normaliseCity(raw: string): string | null {
  const [first = ''] = raw
    .replace(/\([^()]*\)/g, ' ')
    .trim()
    .split(/[,;/]/, 1);
  const list = words(fold(first));
  const name = joinInitials(list).join(' ');
  const known = CITY_NAMES.get(list.join(' ')) ?? CITY_NAMES.get(name);
  if (known !== undefined) return known;
  const spelled = list.map((word) => CITY_WORDS.get(word) ?? word).map(romaniseAll);
  const text = spelled.join(' ');
  return text === '' ? null : (CITY_NAMES.get(text) ?? text);
}
