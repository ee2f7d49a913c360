import { table } from './table.ts';

/**
 * Words that lists write in several ways and that say what a company does rather than which one it is. A line is the
 * spelling that stands for all, then the others: abbreviations, plurals, British spellings and the same word in other
 * languages.
 */
export const ABBREVIATIONS = table(
  `
  co company compagnie compania companhia compagnia
  corporation corp corporacion corporacao corpn
  limited ltd
  incorporated inc
  companies cos
  international intl internatl internacional internazionale
  national natl nacional nazionale
  manufacturing mfg manuf mfrg
  manufacturers mfrs
  brothers bros
  service svc svcs services servicios servicos servizi
  group grp groupe grupo gruppo gruppe groep
  holding holdings hldg hldgs
  technology technologies tecnologia tecnologias technologie
  association assoc assn assocs associates associacao asociacion
  institute inst instituto istituto institut
  university univ universidad universite universita universitat universiteit universidade
  management mgmt mgt mgmnt
  pharmaceuticals pharm pharma pharmaceutical pharms
  system sys systems
  industries inds industry industrias industrie
  laboratories labs lab laboratory laboratorios laboratoires laboratoire
  communications comm comms communication
  telecommunications telecom telecommunication telecomunicaciones telecommunicacoes telekom
  engineering engr engrg
  financial finl
  insurance insur seguros
  department dept
  center ctr centre
  hospital hosp
  property ppty properties props ppties
  investment invt invts investments inv invs inversiones
  development dev developments
  resource resources rsrcs
  product prods products prod
  government govt
  municipal mun muni
  american amer amern
  trust tr
  fund fd
  preferred pfd
  equipment equip eqpt
  construction constr constrn
  mortgage mtg
  federal fed
  savings svgs
  bank bk banco banca banque
  banking bkg bkng
  sainte ste
  fort ft
  mount mt
  solution solns solutions soluciones
  enterprise enterprises ents entpr
  bancorp bancorporation
  petroleum petrol petroleo
  energy energia energie energies
  foundation fdn fondation fundacion fundacao fondazione
  commercial comml
  consulting conslt
  logistics logistic logistica
  network ntwk networks
  distribution distrib distribucion distribuicao
  transportation transp transportes
  organization organisation
  realty rlty
  partner ptnrs partners ptnr
  publishing pub
  biotechnology biotech biotechnologies
  community comnty
  exploration expl
  semiconductor semiconductors semicon
  instrument instruments instr
  software softw
  digital dgtl
  electronics electronic electr
  steel stl
  motor motors
  machine machines machinery
  labor labour
  theater theatre
  defense defence
  fiber fibre
`,
  'lines',
);

/** A word's spelling that stands for all of its line. */
export const CANONICAL: ReadonlyMap<string, string> = new Map(
  [...ABBREVIATIONS].flatMap((line) => {
    const [canonical = '', ...others] = line.split(' ');
    return others.map((other) => [other, canonical] as const);
  }),
);

/**
 * Given names, so that a register's "Schwab Charles" is written as "Charles Schwab": common first names of the
 * countries whose registers list by surname.
 */
export const GIVEN_NAMES = table(`
  adam adolf albert alexander alfred alice andrew anna anne anthony anton antonio arthur barbara benjamin bernard bruno
  carl carlos catherine charles christian christopher clara daniel david dennis donald douglas edgar edith edmund eduard
  edward edwin eleanor elizabeth emil emily emma eric ernest ernst estee eugene ferdinand florence francis francisco frank
  franz fred frederick friedrich fritz gabriel georg george gerald gilbert giorgio giovanni giuseppe gustav guy hans
  harold harry heinrich helen henri henry herbert herman hermann howard hugo isaac jack jacob james jane jean jerome
  jesse joachim johann johannes john johnny jonathan jose josef joseph josephine juan julia julian julius karl kenneth
  klaus konrad laura lawrence leo leon leonard leopold lewis louis louise lucas ludwig luigi luis manuel marc marco
  margaret maria marie mario martha martin mary matthew max michael michel miguel milton moritz moses nathan nicholas
  nicolas oliver oscar otto pablo patrick paul pedro peter philip philipp pierre rachel ralph raymond rebecca rene
  richard robert roger roland ronald rudolf rupert salvatore samuel sarah sebastian siegfried sigmund simon
  stefan stephen susan theodor theodore theresa thomas tobias tommy ulrich victor vincent walt walter werner
  wilhelm william wolfgang xavier
`);
