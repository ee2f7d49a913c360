/** Changes whenever a normalised value may change: both sides of an epoch have the same version and data. */
export const NORMALISER_VERSION = 2;

/**
 * SHA-256, in hexadecimal, of the data the normaliser reads: the public suffix list as tldts's module
 * `dist/es6/src/data/trie.js`, the letters as any-ascii's module `block.js`, and the tables `SHARED_HOSTS`,
 * `FREE_MAIL`, `LEGAL_FORMS` with `COUNTRIES`, and all others together, each as its entries sorted and joined by line
 * feeds.
 */
export const NORMALISER_DATA = {
  publicSuffixList: '5e4a292f5ad0600d1b24ffb18b60c1080f4bfcb01608ca058ceb18fdd573c135',
  sharedHosts: 'c59e23c22cc61f26386ce9e667262a0bb5768506fa013ced8b479ccbf6718d70',
  freeMail: 'c2213ca3b36de607354e9d338a68990e4bcd772b01c0740fa374fff8d94a4303',
  legalForms: 'e16ace2b90728d3c523d52e72e962522149422f317a9e8ed125824eba3b93843',
  letters: '5d534e2e313cd867373f53cb579211973a51ad058f2ec1f87f47685c5298866b',
  words: '12131d30982af232afd04c60836d88e85f22956cd3c9cbdf58044712bb866693',
} as const;
