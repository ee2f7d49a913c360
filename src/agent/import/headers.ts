/**
 * What the columns of exports are called: Salesforce, HubSpot, Dynamics 365 and Pipedrive, by labels and API names, in English,
 * German, French and Spanish; plain lists too. Data only, as header keys (see `headerKey`): no capitals, spaces, signs, accents.
 */
import type { Meaning } from './columns.ts';

/** Header keys by meaning, several a line. */
type Headers = Readonly<Partial<Record<Meaning, readonly string[]>>>;

function keys(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}

/** Header keys of a list of accounts, by meaning; where one column is wanted, the earlier name wins. */
export const ACCOUNT_COLUMNS: Headers = {
  id: keys(`
    id accountid recordid hsobjectid companyid crmid accountid18 18digitaccountid organizationid
    organisationid donotmodifyaccount datensatzid kundennummer kundennr kundenid firmenid accountnummer
    identifiantducompte idducompte iddelentreprise iddenregistrement numeroclient codeclient idclient
    idderegistro iddelacuenta idcuenta iddelaempresa iddecliente idcliente codigocliente numerodecliente
  `),
  name: keys(`
    name accountname companyname company legalname securityname organisation organization organisationname
    organizationname customername
    firma firmenname unternehmen unternehmensname kundenname accountbezeichnung
    nomducompte nomdelentreprise nomdelasociete nomentreprise raisonsociale entreprise societe nomduclient
    nombredelacuenta nombredelaempresa nombreempresa razonsocial empresa nombredelcliente
  `),
  other_name: keys(`
    tradingname tradename dbaname dba doingbusinessas tradestyle formername formernames formerlyknownas
    formercompanyname previousname previousnames previouscompanyname alias aliases alsoknownas aka knownas
    alternativename alternativenames alternatename alternatenames akaname companyalias accountalias brandname
    fruherername frueherername ehemaligername ehemaligerfirmenname vormals altername handelsname
    anciennom anciennomdelentreprise nomcommercial enseigne nomdusage autrenom autresnoms
    nombreanterior nombrecomercial otrosnombres otronombre
  `),
  domain: keys(`
    domain domains domainname companydomain companydomainname additionaldomains alldomains emaildomain website
    websites websiteurl companywebsite organizationwebsite homepage homepageurl web url webaddress email
    emailaddress companyemail emailaddress1
    webseite webseiten internetseite internetadresse webadresse websiteadresse domane unternehmensdomain
    domanennamedesunternehmens domainnamedesunternehmens urlderwebsite emailadresse
    siteweb siteinternet sitewebdelentreprise urldusiteweb domaine nomdedomaine nomdedomainedelentreprise courriel
    adresseemail
    sitioweb paginaweb urldelsitioweb dominio nombrededominio nombrededominiodelaempresa correoelectronico
  `),
  country: keys(`
    country countryregion countrycode billingcountry billingcountrycode billingcountryterritory companycountry
    headquarterscountry hqcountry address1country address1countryregion organizationcountry
    organizationcountryofaddress addresscountry countryofaddress shippingcountry mailingcountry
    land landregion rechnungsland rechnungsadresseland landrechnungsadresse
    pays paysregion paysdefacturation pais paisregion paisdefacturacion
  `),
  state: keys(`
    state stateprovince stateregion province billingstate billingstateprovince billingstatecode companystate
    headquartersstate hqstate address1stateprovince address1stateorprovince organizationstatecounty
    organizationstatecountyofaddress addressstate addressstatecounty statecountyofaddress shippingstate
    shippingstateprovince mailingstate
    bundesland bundeslandregion kanton rechnungsbundesland bundeslandprovinz
    etatregion etatprovince etatprovincedefacturation departementregion estadoregion estadoprovincia
    estadodefacturacion estadoprovinciadefacturacion provincia provinciaestado
  `),
  city: keys(`
    city billingcity companycity headquarterscity hqcity town citytown address1city organizationcity
    organizationcitytownvillagelocality organizationcitytownvillagelocalityofaddress addresscity
    citytownvillagelocalityofaddress shippingcity mailingcity
    stadt ort rechnungsort rechnungsstadt rechnungsadresseort
    ville villedefacturation ciudad ciudaddefacturacion localidad poblacion
  `),
  parent: keys(`
    parentaccountid parentid parentaccount parentaccountname parentname parentcompany parentcompanyid
    parentcompanyname parentcompanyrecordid associatedparentcompanyid parentorganization parentorganisation
    parentaccountidname parentlegalentity ultimateparent ultimateparentid ultimateparentaccount
    ultimateparentaccountid ultimateparentname topparent globalparent
    ubergeordneteraccount ubergeordnetefirma ubergeordnetesunternehmen ubergeordneterkunde muttergesellschaft
    mutterunternehmen konzernmutter konzern
    compteparent compteprincipal societemere maisonmere entrepriseparente entreprisemere
    cuentaprincipal cuentaprimaria cuentamatriz empresamatriz empresaprincipal sociedadmatriz matriz
  `),
  lei: keys(
    `lei leicode leinumber leiid legalentityidentifier legalentityidentifierlei leinummer codelei codigolei`,
  ),
  vat: keys(`
    vat vatid vatno vatnumber vatnr vatcode vatregno vatregnumber vatregistrationno vatregistrationnumber
    vatidentificationnumber euvat euvatnumber
    ustid ustidnr ustidnummer umsatzsteuerid umsatzsteueridnr umsatzsteueridentifikationsnummer mwstnr mwstnummer
    uidnummer uidnr
    tva tvaintra tvaintracommunautaire ntva numtva numerotva numerodetva ntvaintracommunautaire
    numerotvaintracommunautaire numerodetvaintracommunautaire
    nif cif nifcif cifnif iva nifiva numerodeiva niva btwnummer btw partitaiva
  `),
  duns: keys(`
    duns dunsnumber dunsno dunsnr dunsid dnbduns dnbdunsnumber dbduns dbdunsnumber dandbdunsnumber
    dunandbradstreetnumber dunsnummer numeroduns codeduns sitedunsnumber
  `),
  isin: keys('isin isincode isinnumber isinno isinnummer codeisin codigoisin'),
  registry: keys(`
    registrynumber registrationnumber registrationno companynumber companyno companyregistrationnumber
    companyregistrationno companyregno companyregnumber businessregistrationnumber businessnumber crn
    companieshousenumber nationalid nationalregistrynumber
    handelsregisternummer handelsregister handelsregisternr hrnummer hrb hrbnummer registernummer firmenbuchnummer
    siren numerosiren nsiren codesiren numeroregistre rcs numerorcs
    registromercantil numeroderegistro kvk kvknummer kvknumber orgnr orgnummer organisationsnummer
    organisasjonsnummer organizationnumber organisationnumber cvr cvrnummer cvrnumber ytunnus krs
  `),
  type: keys(`
    type accounttype companytype relationshiptype customertype customertypecode
    typ accounttyp kundentyp kontotyp unternehmenstyp beziehungstyp typedecompte typedentreprise
    tipo tipodecuenta tipodeempresa tipodecliente
  `),
  owner: keys(`
    owner ownername accountowner accountownername companyowner organizationowner
    accountinhaber inhaber kundenbetreuer kontoinhaber besitzer accountbesitzer zustandigermitarbeiter
    zustandigfurunternehmen proprietaire proprietaireducompte proprietairedelentreprise
    propietario propietariodelacuenta propietariodelaempresa
  `),
  owner_email: keys('owneremail owneremailaddress accountowneremail companyowneremail'),
  industry: keys(`industry sector branche industrie secteur secteurdactivite industria sectorindustrial`),
  stage: ['stage'],
};

/** Columns that hold the name where no other does; beside a name they often say yes or no. */
export const FALLBACK_NAMES = keys('customer kunde client cliente');

/** Header keys of a list of opportunities, by meaning; the earlier name wins. */
export const OPPORTUNITY_COLUMNS: Headers = {
  id: ['id', 'opportunityid', 'dealid', 'recordid', 'hsobjectid', 'crmid'],
  account_id: [
    'accountid',
    'associatedcompanyids',
    'associatedcompanyid',
    'associatedcompanyidsprimary',
    'primaryassociatedcompanyid',
    'companyid',
  ],
  opportunity_name: ['name', 'opportunityname', 'dealname'],
  stage: ['stage', 'stagename', 'opportunitystage', 'dealstage'],
  amount: ['amount', 'opportunityamount', 'dealamount'],
  currency: ['currency', 'currencycode', 'currencyisocode', 'amountcurrency', 'opportunitycurrency'],
  close_date: ['closedate', 'closingdate', 'expectedclosedate'],
  type: ['type', 'opportunitytype', 'dealtype'],
  owner: ['owner', 'ownername', 'opportunityowner', 'dealowner'],
  owner_email: ['owneremail', 'opportunityowneremail', 'dealowneremail'],
};

/** Header keys that only a list of opportunities has. */
export const OPPORTUNITY_MARKS = [
  'opportunityid',
  'opportunityname',
  'opportunityowner',
  'stagename',
  'dealid',
  'dealname',
  'dealstage',
  'dealowner',
];

/** Header keys that give an export away as HubSpot's, then Salesforce's. */
export const HUBSPOT_MARKS = [
  'recordid',
  'hsobjectid',
  'companydomainname',
  'companyowner',
  'dealname',
  'dealstage',
];
/** See `HUBSPOT_MARKS`. */
export const SALESFORCE_MARKS = [
  'accountname',
  'accountowner',
  'accountsource',
  'billingcountry',
  'billingcity',
  'opportunityid',
  'opportunityname',
  'stagename',
];
