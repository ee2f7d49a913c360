/** Changes whenever a normalised value may change: both sides of an epoch have the same version and data. */
export const NORMALISER_VERSION = 1;

/**
 * SHA-256, in hexadecimal, of the data the normaliser reads: the public suffix list as tldts's module
 * `dist/es6/src/data/trie.js`, and the tables `SHARED_HOSTS`, `FREE_MAIL`, `LEGAL_FORMS` with
 * `COUNTRIES`, each as its entries sorted and joined by line feeds.
 */
export const NORMALISER_DATA = {
  publicSuffixList: '5e4a292f5ad0600d1b24ffb18b60c1080f4bfcb01608ca058ceb18fdd573c135',
  sharedHosts: '7edba0551c13f9fdf921bba67eee207a619bdd82551695c3d3fb9b3c401f97e0',
  freeMail: 'c2213ca3b36de607354e9d338a68990e4bcd772b01c0740fa374fff8d94a4303',
  legalForms: '9f72dedebdefb08cca9d176b2c5948ab30d75eedaee82a41b839c5f0e2f590e6',
} as const;
