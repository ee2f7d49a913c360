import { fold, joinInitials, words } from './fold.ts';
import { table } from './table.ts';

/** A line is the ISO 3166-1 alpha-2 and alpha-3 codes, then the country's folded names, separated by bars. */
export const COUNTRIES = table(
  `
  ad and|andorra
  ae are|united arab emirates|uae|emirates
  af afg|afghanistan
  ag atg|antigua and barbuda|antigua
  ai aia|anguilla
  al alb|albania|shqiperia
  am arm|armenia
  ao ago|angola
  aq ata|antarctica
  ar arg|argentina|argentine republic
  as asm|american samoa
  at aut|austria|osterreich|oesterreich
  au aus|australia|commonwealth of australia
  aw abw|aruba
  ax ala|aland islands|aland
  az aze|azerbaijan|azerbaidzhan
  ba bih|bosnia and herzegovina|bosnia|bosnia herzegovina
  bb brb|barbados
  bd bgd|bangladesh
  be bel|belgium|belgie|belgique|belgien
  bf bfa|burkina faso
  bg bgr|bulgaria
  bh bhr|bahrain|kingdom of bahrain
  bi bdi|burundi
  bj ben|benin
  bl blm|saint barthelemy|st barthelemy|st barts
  bm bmu|bermuda
  bn brn|brunei|brunei darussalam
  bo bol|bolivia|plurinational state of bolivia|bolivia plurinational state of
  bq bes|bonaire sint eustatius and saba|bonaire|caribbean netherlands
  br bra|brazil|brasil
  bs bhs|bahamas
  bt btn|bhutan
  bv bvt|bouvet island
  bw bwa|botswana
  by blr|belarus
  bz blz|belize
  ca can|canada
  cc cck|cocos keeling islands|cocos islands
  cd cod|democratic republic of the congo|congo democratic republic of the|congo the democratic republic of the|dr congo|drc|congo kinshasa|zaire
  cf caf|central african republic
  cg cog|congo|republic of the congo|congo brazzaville
  ch che|switzerland|schweiz|suisse|svizzera
  ci civ|cote divoire|ivory coast
  ck cok|cook islands
  cl chl|chile
  cm cmr|cameroon|cameroun
  cn chn|china|peoples republic of china|pr china|prc|mainland china|china mainland|中国
  co col|colombia
  cr cri|costa rica
  cu cub|cuba
  cv cpv|cabo verde|cape verde
  cw cuw|curacao
  cx cxr|christmas island
  cy cyp|cyprus
  cz cze|czechia|czech republic|cesko|ceska republika
  de deu|germany|deutschland|federal republic of germany|allemagne|alemania
  dj dji|djibouti
  dk dnk|denmark|danmark
  dm dma|dominica
  do dom|dominican republic|republica dominicana
  dz dza|algeria|algerie
  ec ecu|ecuador
  ee est|estonia|eesti
  eg egy|egypt|arab republic of egypt
  eh esh|western sahara
  er eri|eritrea
  es esp|spain|espana|spanien
  et eth|ethiopia
  fi fin|finland|suomi
  fj fji|fiji
  fk flk|falkland islands|falkland islands malvinas
  fm fsm|micronesia|federated states of micronesia|micronesia federated states of
  fo fro|faroe islands|faroes
  fr fra|france|french republic|frankreich
  ga gab|gabon
  gb gbr|united kingdom|uk|great britain|britain|united kingdom of great britain and northern ireland|england|scotland|wales|northern ireland
  gd grd|grenada
  ge geo|georgia
  gf guf|french guiana
  gg ggy|guernsey
  gh gha|ghana
  gi gib|gibraltar
  gl grl|greenland
  gm gmb|gambia
  gn gin|guinea
  gp glp|guadeloupe
  gq gnq|equatorial guinea
  gr grc|greece|hellas|hellenic republic|el
  gs sgs|south georgia and the south sandwich islands|south georgia
  gt gtm|guatemala
  gu gum|guam
  gw gnb|guinea bissau
  gy guy|guyana
  hk hkg|hong kong|hong kong sar|hong kong sar china|hong kong china|hongkong|香港
  hm hmd|heard island and mcdonald islands
  hn hnd|honduras
  hr hrv|croatia|hrvatska
  ht hti|haiti
  hu hun|hungary|magyarorszag
  id idn|indonesia
  ie irl|ireland|republic of ireland|eire
  il isr|israel|state of israel
  im imn|isle of man
  in ind|india|republic of india|bharat
  io iot|british indian ocean territory
  iq irq|iraq
  ir irn|iran|iran islamic republic of|islamic republic of iran
  is isl|iceland
  it ita|italy|italia|italien
  je jey|jersey
  jm jam|jamaica
  jo jor|jordan
  jp jpn|japan|nippon|日本
  ke ken|kenya
  kg kgz|kyrgyzstan|kyrgyz republic
  kh khm|cambodia
  ki kir|kiribati
  km com|comoros
  kn kna|saint kitts and nevis|st kitts and nevis|st kitts
  kp prk|north korea|korea democratic peoples republic of|democratic peoples republic of korea|dprk
  kr kor|south korea|korea|republic of korea|korea republic of|korea south|대한민국|한국
  kw kwt|kuwait
  ky cym|cayman islands|cayman
  kz kaz|kazakhstan
  la lao|laos|lao peoples democratic republic|lao pdr
  lb lbn|lebanon
  lc lca|saint lucia|st lucia
  li lie|liechtenstein
  lk lka|sri lanka
  lr lbr|liberia
  ls lso|lesotho
  lt ltu|lithuania|lietuva
  lu lux|luxembourg|luxemburg
  lv lva|latvia|latvija
  ly lby|libya
  ma mar|morocco|maroc
  mc mco|monaco
  md mda|moldova|republic of moldova|moldova republic of
  me mne|montenegro
  mf maf|saint martin|st martin
  mg mdg|madagascar
  mh mhl|marshall islands
  mk mkd|north macedonia|macedonia|macedonia the former yugoslav republic of|fyrom
  ml mli|mali
  mm mmr|myanmar|burma
  mn mng|mongolia
  mo mac|macao|macau|macao sar china|macau sar|澳門
  mp mnp|northern mariana islands
  mq mtq|martinique
  mr mrt|mauritania
  ms msr|montserrat
  mt mlt|malta
  mu mus|mauritius
  mv mdv|maldives
  mw mwi|malawi
  mx mex|mexico|united mexican states
  my mys|malaysia
  mz moz|mozambique
  na nam|namibia
  nc ncl|new caledonia
  ne ner|niger
  nf nfk|norfolk island
  ng nga|nigeria
  ni nic|nicaragua
  nl nld|netherlands|holland|nederland|kingdom of the netherlands|niederlande
  no nor|norway|norge
  np npl|nepal
  nr nru|nauru
  nu niu|niue
  nz nzl|new zealand|aotearoa
  om omn|oman
  pa pan|panama
  pe per|peru
  pf pyf|french polynesia
  pg png|papua new guinea
  ph phl|philippines
  pk pak|pakistan
  pl pol|poland|polska
  pm spm|saint pierre and miquelon|st pierre and miquelon
  pn pcn|pitcairn|pitcairn islands
  pr pri|puerto rico
  ps pse|palestine|state of palestine|palestine state of|palestinian territories|palestinian territory occupied
  pt prt|portugal
  pw plw|palau
  py pry|paraguay
  qa qat|qatar
  re reu|reunion
  ro rou|romania
  rs srb|serbia|srbija
  ru rus|russia|russian federation|россия
  rw rwa|rwanda
  sa sau|saudi arabia|kingdom of saudi arabia|ksa
  sb slb|solomon islands
  sc syc|seychelles
  sd sdn|sudan
  se swe|sweden|sverige|schweden
  sg sgp|singapore
  sh shn|saint helena|st helena|saint helena ascension and tristan da cunha
  si svn|slovenia|slovenija
  sj sjm|svalbard and jan mayen
  sk svk|slovakia|slovak republic|slovensko
  sl sle|sierra leone
  sm smr|san marino
  sn sen|senegal
  so som|somalia
  sr sur|suriname
  ss ssd|south sudan
  st stp|sao tome and principe
  sv slv|el salvador
  sx sxm|sint maarten|st maarten
  sy syr|syria|syrian arab republic
  sz swz|eswatini|swaziland
  tc tca|turks and caicos islands|turks and caicos
  td tcd|chad
  tf atf|french southern territories
  tg tgo|togo
  th tha|thailand
  tj tjk|tajikistan
  tk tkl|tokelau
  tl tls|timor leste|east timor
  tm tkm|turkmenistan
  tn tun|tunisia|tunisie
  to ton|tonga
  tr tur|turkey|turkiye|republic of turkiye
  tt tto|trinidad and tobago|trinidad
  tv tuv|tuvalu
  tw twn|taiwan|taiwan province of china|taiwan roc|chinese taipei|台灣|台湾
  tz tza|tanzania|united republic of tanzania|tanzania united republic of
  ua ukr|ukraine
  ug uga|uganda
  um umi|united states minor outlying islands
  us usa|united states|united states of america|america
  uy ury|uruguay
  uz uzb|uzbekistan
  va vat|vatican city|holy see|vatican
  vc vct|saint vincent and the grenadines|st vincent and the grenadines
  ve ven|venezuela|venezuela bolivarian republic of|bolivarian republic of venezuela
  vg vgb|british virgin islands|virgin islands british|bvi
  vi vir|us virgin islands|virgin islands us|united states virgin islands
  vn vnm|vietnam|viet nam
  vu vut|vanuatu
  wf wlf|wallis and futuna
  ws wsm|samoa
  xk xkx|kosovo
  ye yem|yemen
  yt myt|mayotte
  za zaf|south africa|republic of south africa|rsa
  zm zmb|zambia
  zw zwe|zimbabwe
`,
  'lines',
);

const CODES = new Map(
  [...COUNTRIES].flatMap((line) => {
    const [codes = '', ...names] = line.split('|');
    const [alpha2 = '', alpha3 = ''] = codes.split(' ');
    return [alpha2, alpha3, ...names].map((name) => [name, alpha2.toUpperCase()] as const);
  }),
);

/**
 * The ISO 3166-1 alpha-2 code, in capitals, of a country given as its alpha-2 or alpha-3 code or by a
 * common name (XK for Kosovo); null where the text is none of these.
 */
export function normaliseCountry(raw: string): string | null {
  const list = joinInitials(words(fold(raw)));
  if (list[0] === 'the') list.shift();
  return CODES.get(list.join(' ')) ?? null;
}
