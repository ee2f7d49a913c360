import { describe, expect, it } from 'vitest';
import { type Facts, isLong, nextStep } from '../../src/agent/sync/step.ts';

const RESTING: Facts = {
  introduction: 'known',
  verified: true,
  epoch: { offered: true, partnerOffered: true, signed: true, partnerSigned: true },
  terms: { published: true, partnerPublished: true, agreed: true, partnerIsNewer: false },
  scope: {
    granted: true,
    published: true,
    partnerGranted: true,
    next: null,
    partnerNext: null,
    receiptDue: false,
  },
  toEvaluate: 0,
  request: null,
  wanted: 0,
  submission: { current: true, pending: false },
  vault: 'current',
  partnerSubmitted: true,
};
const request = { unsent: false, toCollect: 0, outstanding: 0 };

describe('the next step', () => {
  const cases: [string, Partial<Facts>, string][] = [
    ['everything is done', {}, 'rest'],
    ['the partner did not answer', { introduction: 'invited', verified: false }, 'wait partner_accepts'],
    [
      'this side answered, the partner did not look yet',
      { introduction: 'accepted', verified: false },
      'wait partner_opens',
    ],
    ['the partner answered', { introduction: 'answered', verified: false }, 'introduce'],
    ['the words were not compared', { verified: false }, 'wait you_verify'],
    [
      'the scope did not reach the service',
      { scope: { ...RESTING.scope, published: false } },
      'publish_scope',
    ],
    [
      'the partner’s scope waits for this company of one',
      { scope: { ...RESTING.scope, partnerNext: 'accept' } },
      'accept_scope',
    ],
    ['a scope of the partner’s has ended', { scope: { ...RESTING.scope, receiptDue: true } }, 'give_receipt'],
    [
      'the partner did not accept the scope',
      { scope: { ...RESTING.scope, granted: false, next: 'approved' } },
      'wait partner_accepts_scope',
    ],
    [
      'the scope has not begun',
      { scope: { ...RESTING.scope, granted: false, next: 'waits' } },
      'wait scope_begins',
    ],
    [
      'people here have to accept what is needed',
      { wanted: 1, scope: { ...RESTING.scope, partnerGranted: false, partnerNext: 'approved' } },
      'wait you_accept_scope',
    ],
    [
      'the normaliser terms did not reach the service',
      { terms: { ...RESTING.terms, published: false } },
      'publish_terms',
    ],
    [
      'the partner published no terms',
      { terms: { ...RESTING.terms, partnerPublished: false, agreed: false } },
      'wait partner_signs_epoch',
    ],
    [
      'the partner has only older normalisers',
      { terms: { ...RESTING.terms, agreed: false }, wanted: 5 },
      'wait partner_updates',
    ],
    [
      'the partner has only newer normalisers',
      { terms: { ...RESTING.terms, agreed: false, partnerIsNewer: true }, wanted: 5 },
      'wait you_update',
    ],
    [
      'the partner asks, whatever the normalisers are',
      { terms: { ...RESTING.terms, agreed: false }, toEvaluate: 1 },
      'evaluate',
    ],
    ['no keys were offered', { epoch: { ...RESTING.epoch, offered: false } }, 'offer_epoch'],
    [
      'the partner offered no keys',
      { epoch: { ...RESTING.epoch, partnerOffered: false } },
      'wait partner_verifies',
    ],
    ['the record is not signed', { epoch: { ...RESTING.epoch, signed: false } }, 'sign_epoch'],
    [
      'the partner did not sign',
      { epoch: { ...RESTING.epoch, partnerSigned: false } },
      'wait partner_signs_epoch',
    ],
    ['the partner asks', { toEvaluate: 2, wanted: 5 }, 'evaluate'],
    [
      'the partner asks and has to wait for this side',
      { toEvaluate: 2, request: { ...request, unsent: true } },
      'send_request',
    ],
    [
      'the partner asks before this side collects',
      { toEvaluate: 1, request: { ...request, toCollect: 3 } },
      'evaluate',
    ],
    ['nothing is granted', { scope: { ...RESTING.scope, granted: false } }, 'wait you_grant'],
    [
      'the partner grants nothing',
      { wanted: 5, scope: { ...RESTING.scope, partnerGranted: false } },
      'wait partner_grants',
    ],
    ['identifiers are new', { wanted: 5 }, 'make_request'],
    ['a request is half sent', { request: { ...request, unsent: true } }, 'send_request'],
    ['evaluations are there', { request: { ...request, toCollect: 1, outstanding: 1 } }, 'collect'],
    ['evaluations are missing', { request: { ...request, outstanding: 1 } }, 'wait partner_evaluates'],
    ['all is collected', { request }, 'finish_request'],
    ['the list changed', { submission: { current: false, pending: false } }, 'make_submission'],
    ['an older list is prepared', { submission: { current: false, pending: true } }, 'make_submission'],
    ['the list is prepared', { submission: { current: true, pending: true } }, 'send_submission'],
    ['members lack something', { vault: 'due' }, 'send_vault'],
    ['members cannot have what they lack', { vault: 'too_large' }, 'wait you_shorten'],
    [
      'members cannot have what they lack, and the list changed',
      { vault: 'too_large', submission: { current: false, pending: false } },
      'make_submission',
    ],
    [
      'members cannot have what they lack, and the partner has no list',
      { vault: 'too_large', partnerSubmitted: false },
      'wait partner_submits',
    ],
    ['the partner has no list', { partnerSubmitted: false }, 'wait partner_submits'],
  ];
  it.each(cases)('when %s', (_, change, expected) => {
    const step = nextStep({ ...RESTING, ...change });
    expect(step.do === 'wait' ? `wait ${step.for}` : step.do).toBe(expected);
  });

  it('never lets anything leave before the words were compared', () => {
    for (const [, change] of cases) {
      const step = nextStep({ ...RESTING, ...change, verified: false });
      expect(['wait', 'introduce']).toContain(step.do);
    }
  });

  it('takes long over the own list alone: evaluating for the partner is never put beside itself', () => {
    const long = cases.map(([, change]) => nextStep({ ...RESTING, ...change })).filter(isLong);
    expect(new Set(long.map((step) => step.do))).toEqual(
      new Set([
        'make_request',
        'send_request',
        'collect',
        'make_submission',
        'send_submission',
        'send_vault',
      ]),
    );
  });

  it('sends nothing of the own list where nothing is granted', () => {
    for (const [, change] of cases) {
      const facts = { ...RESTING, ...change, request: null, scope: { ...RESTING.scope, granted: false } };
      expect(['make_request', 'make_submission', 'send_submission']).not.toContain(nextStep(facts).do);
    }
  });
});
