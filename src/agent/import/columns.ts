/** What the columns of exports are called, and what each name means. Data only, and the two ways to spell a key. */

/** What a column can mean to an import; `ignore` leaves it out. Several columns may be `name` or `domain`. */
export const MEANINGS = [
  'id',
  'name',
  'domain',
  'country',
  'type',
  'owner',
  'owner_email',
  'industry',
  'city',
  'account_id',
  'stage',
  'amount',
  'currency',
  'close_date',
  'opportunity_name',
  'ignore',
] as const;

/** See `MEANINGS`. */
export type Meaning = (typeof MEANINGS)[number];

/** A header as it is looked up: letters and digits in lower case, so `Billing Country` is `BillingCountry`. */
export function headerKey(column: string): string {
  return column.toLowerCase().replace(/[^\p{L}\p{M}\p{N}]/gu, '');
}

/** The key of an attribute in rules: lower case, `_` for spaces and signs. `Lifecycle Stage` is `lifecycle_stage`. */
export function attributeKey(column: string): string {
  const key = column
    .toLowerCase()
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '_')
    .replace(/^_+|_+$/g, '');
  return ATTRIBUTE_KEYS.get(key) ?? (key === '' ? 'column' : key);
}

/** API names without word breaks, under the key that the same column has when exported by its label. */
const ATTRIBUTE_KEYS: ReadonlyMap<string, string> = new Map([
  ['lifecyclestage', 'lifecycle_stage'],
  ['isclosed', 'is_closed'],
  ['hs_is_closed', 'is_closed'],
]);

/** Header keys of a list of accounts, by meaning; where one column is wanted, the earlier name wins. */
export const ACCOUNT_COLUMNS: Readonly<Partial<Record<Meaning, readonly string[]>>> = {
  id: ['id', 'accountid', 'recordid', 'hsobjectid', 'companyid', 'crmid', 'accountid18', '18digitaccountid'],
  name: [
    'name',
    'accountname',
    'companyname',
    'company',
    'legalname',
    'securityname',
    'organisation',
    'organization',
    'organisationname',
    'organizationname',
    'customer',
    'customername',
    'tradingname',
    'dbaname',
  ],
  domain: [
    'domain',
    'domains',
    'domainname',
    'companydomain',
    'companydomainname',
    'additionaldomains',
    'emaildomain',
    'website',
    'websites',
    'websiteurl',
    'companywebsite',
    'homepage',
    'homepageurl',
    'web',
    'url',
    'email',
    'emailaddress',
    'companyemail',
  ],
  country: [
    'country',
    'countryregion',
    'countrycode',
    'billingcountry',
    'billingcountrycode',
    'billingcountryterritory',
    'companycountry',
    'headquarterscountry',
  ],
  type: ['type', 'accounttype', 'companytype'],
  owner: ['owner', 'ownername', 'accountowner', 'accountownername', 'companyowner'],
  owner_email: ['owneremail', 'owneremailaddress', 'accountowneremail', 'companyowneremail'],
  industry: ['industry', 'sector'],
  city: ['city', 'billingcity', 'companycity', 'headquarterscity'],
  stage: ['stage'],
};

/** Header keys of a list of opportunities, by meaning; the earlier name wins. */
export const OPPORTUNITY_COLUMNS: Readonly<Partial<Record<Meaning, readonly string[]>>> = {
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

/** Words before `_id` that point at another record than the row's own. */
export const FOREIGN_IDS =
  /^(owner|user|parent|ultimate|master|record_?type|campaign|created|last|modified|associated|partner|group|tax|vat)/;
