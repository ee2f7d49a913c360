/**
 * Rules of populations as text, read and written. Words are compared without regard to case.
 *
 *     rule       = and *( "or" and )
 *     and        = term *( "and" term )
 *     term       = "not" term | "(" rule ")" | "all" | "list" values | opportunity | condition
 *     opportunity= "has" "open" "opportunity" | "any" "opportunity" "(" rule ")"     ; not within another
 *                | "open"                                        ; only within any opportunity ( … )
 *     condition  = field ( "=" value | "!=" value | ( ">" | ">=" | "<" | "<=" ) number-or-date
 *                | [ "not" ] "in" values | [ "not" ] "contains" value | "exists" | "is" [ "not" ] "empty" )
 *     values     = "(" [ value *( "," value ) ] ")"
 *
 * A field or value is a word, or a text in double or single quotes in which a backslash stands before a quote or
 * another backslash. A quoted word is never a keyword; of values, only `and`, `or` and `not` need the quotes.
 * Fields are column names in any spelling that gives the same key: `Lifecycle_Stage` and `"Lifecycle Stage"` are
 * `lifecycle_stage`; accounts also have `id`, `name`, `domain` and `country`. What is not there equals nothing, so `!=`, `not in` and `not contains` hold for it.
 */
import { ok, type Result, refuse } from '../../protocol/result.ts';
import { attributeKey } from './import/columns.ts';
import type { Rule, Sign } from './population.ts';
import { dateOf, numberOf } from './values.ts';

/** How deep parentheses and `not` may nest. */
const MAX_DEPTH = 50;

/** Words that a field is quoted for; a value only for the first three. */
const KEYWORDS = new Set(
  'and or not all any contains empty exists has in is list open opportunity'.split(' '),
);
const CONNECTIVES: ReadonlySet<string> = new Set(['and', 'or', 'not']);

const SIGNS: readonly Sign[] = ['>', '>=', '<', '<='];

interface Token {
  readonly kind: 'word' | 'quoted' | 'sign' | 'end';
  /** The word, the quoted text's content, or the sign. */
  readonly text: string;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

/** Carries a refusal out of the recursive descent; never leaves this file. */
class RuleSyntax extends Error {}

/** Reads a rule. The detail of a refusal begins with the column, from 1, and says what was expected there. */
export function parseRule(text: string): Result<Rule, 'rule_syntax'> {
  try {
    return ok(new Parser(tokens(text)).whole());
  } catch (error) {
    if (error instanceof RuleSyntax) return refuse('rule_syntax', error.message);
    throw error;
  }
}

/** The rule as text that `parseRule` reads as the same rule. */
export function describeRule(rule: Rule): string {
  switch (rule.kind) {
    case 'all':
    case 'open':
      return rule.kind;
    case 'list':
      return `list ${describeValues(rule.ids)}`;
    case 'and':
    case 'or':
      return rule.rules.map((part) => describePart(part)).join(` ${rule.kind} `);
    case 'not':
      return describeNot(rule.rule);
    case 'in':
      return rule.values.length === 1
        ? `${word(rule.field)} = ${word(rule.values[0] ?? '')}`
        : `${word(rule.field)} in ${describeValues(rule.values)}`;
    case 'contains':
      return `${word(rule.field)} contains ${word(rule.value)}`;
    case 'compare':
      return `${word(rule.field)} ${rule.sign} ${word(rule.value)}`;
    case 'empty':
      return `${word(rule.field)} is empty`;
    case 'any_opportunity':
      return rule.where.kind === 'open'
        ? 'has open opportunity'
        : `any opportunity (${describeRule(rule.where)})`;
  }
}

function describePart(rule: Rule): string {
  return rule.kind === 'and' || rule.kind === 'or' ? `(${describeRule(rule)})` : describeRule(rule);
}

function describeNot(rule: Rule): string {
  switch (rule.kind) {
    case 'in':
      return rule.values.length === 1
        ? `${word(rule.field)} != ${word(rule.values[0] ?? '')}`
        : `${word(rule.field)} not in ${describeValues(rule.values)}`;
    case 'contains':
      return `${word(rule.field)} not contains ${word(rule.value)}`;
    case 'empty':
      return `${word(rule.field)} exists`;
    case 'all':
    case 'open':
    case 'list':
      return `not ${describeRule(rule)}`;
    default:
      return `not (${describeRule(rule)})`;
  }
}

function describeValues(values: readonly string[]): string {
  return `(${values.map(word).join(', ')})`;
}

function word(text: string): string {
  if (/^[^\s()[\],=<>!"'\\]+$/.test(text) && !KEYWORDS.has(text.toLowerCase())) return text;
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function fail(token: Token, expected: string): never {
  const found = token.kind === 'end' ? 'the end' : `"${token.text}"`;
  throw new RuleSyntax(`column ${token.column}: expected ${expected}, found ${found}`);
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  const pattern = /\s+|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(!=|>=|<=|[()=<>,])|([^\s()[\],=<>!"'\\]+)/suy;
  while (pattern.lastIndex < text.length) {
    const column = pattern.lastIndex + 1;
    const [all, quoted, sign, bare] = pattern.exec(text) ?? [];
    if (all === undefined) {
      const character = text.slice(column - 1, column);
      const wrong = { kind: 'sign', text: character, column } as const;
      fail(
        wrong,
        character === '"' || character === "'" ? 'a closing quote' : 'a word, a quoted text or a sign',
      );
    }
    if (quoted !== undefined) {
      found.push({ kind: 'quoted', text: quoted.slice(1, -1).replace(/\\(.)/gsu, '$1'), column });
    }
    if (sign !== undefined) found.push({ kind: 'sign', text: sign, column });
    if (bare !== undefined) found.push({ kind: 'word', text: bare, column });
  }
  found.push({ kind: 'end', text: '', column: text.length + 1 });
  return found;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  #inOpportunity = false;

  constructor(list: readonly Token[]) {
    this.#tokens = list;
  }

  whole(): Rule {
    const rule = this.#rule();
    if (this.#next().kind !== 'end') {
      fail(this.#next(), '"and", "or" or the end (a text of several words is quoted)');
    }
    return rule;
  }

  #next(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '', column: 1 };
  }

  #take(): Token {
    const token = this.#next();
    this.#at++;
    return token;
  }

  /** True, and one further, if the next token is this keyword or sign. */
  #took(text: string): boolean {
    const { kind, text: found } = this.#next();
    const same = (kind === 'word' && found.toLowerCase() === text) || (kind === 'sign' && found === text);
    if (same) this.#at++;
    return same;
  }

  #want(text: string): void {
    if (!this.#took(text)) fail(this.#next(), `"${text}"`);
  }

  #rule(): Rule {
    return this.#chain('or', () => this.#chain('and', () => this.#term()));
  }

  #chain(kind: 'and' | 'or', part: () => Rule): Rule {
    const first = part();
    const rules = [first];
    while (this.#took(kind)) rules.push(part());
    return rules.length === 1 ? first : { kind, rules };
  }

  #term(): Rule {
    const start = this.#next();
    if (++this.#depth > MAX_DEPTH) fail(start, `at most ${MAX_DEPTH} levels of parentheses and "not"`);
    const rule = this.#deeper(start);
    this.#depth--;
    return rule;
  }

  #deeper(start: Token): Rule {
    if (this.#took('not')) return { kind: 'not', rule: this.#term() };
    if (this.#took('(')) {
      const rule = this.#rule();
      this.#want(')');
      return rule;
    }
    if (this.#took('all')) return { kind: 'all' };
    if (this.#inOpportunity) {
      if (this.#took('open')) return { kind: 'open' };
      if (['any', 'has', 'list'].some((keyword) => this.#took(keyword))) {
        fail(start, 'a condition on the opportunity');
      }
      return this.#condition();
    }
    if (this.#took('list')) return { kind: 'list', ids: this.#values() };
    if (this.#took('has')) {
      this.#want('open');
      this.#want('opportunity');
      return { kind: 'any_opportunity', where: { kind: 'open' } };
    }
    return this.#took('any') ? this.#anyOpportunity() : this.#condition();
  }

  #anyOpportunity(): Rule {
    this.#want('opportunity');
    this.#want('(');
    this.#inOpportunity = true;
    const where = this.#rule();
    this.#inOpportunity = false;
    this.#want(')');
    return { kind: 'any_opportunity', where };
  }

  #condition(): Rule {
    const field = attributeKey(this.#text('a condition', KEYWORDS));
    if (this.#took('=')) return { kind: 'in', field, values: [this.#value()] };
    if (this.#took('!=')) return not({ kind: 'in', field, values: [this.#value()] });
    for (const sign of SIGNS)
      if (this.#took(sign)) return { kind: 'compare', field, sign, value: this.#measure() };
    if (this.#took('exists')) return not({ kind: 'empty', field });
    if (this.#took('is')) {
      const negated = this.#took('not');
      this.#want('empty');
      return negated ? not({ kind: 'empty', field }) : { kind: 'empty', field };
    }
    const negated = this.#took('not');
    let rule: Rule;
    if (this.#took('in')) rule = { kind: 'in', field, values: this.#values() };
    else if (this.#took('contains')) rule = { kind: 'contains', field, value: this.#value() };
    else {
      const rest = '"in" or "contains"';
      fail(
        this.#next(),
        negated ? rest : `=, !=, >, >=, <, <=, "not", "exists", "is", ${rest} after the field`,
      );
    }
    return negated ? not(rule) : rule;
  }

  #value(): string {
    return this.#text('a value', CONNECTIVES);
  }

  /** A quoted text, or a word that is none of the reserved. */
  #text(expected: string, reserved: ReadonlySet<string>): string {
    const token = this.#next();
    if (token.kind === 'word' && reserved.has(token.text.toLowerCase())) {
      fail(token, `${expected} (quote a word of the rule language)`);
    }
    if (token.kind !== 'word' && token.kind !== 'quoted') fail(token, expected);
    return this.#take().text;
  }

  #measure(): string {
    const token = this.#next();
    const value = this.#value();
    if (numberOf(value) === null && dateOf(value) === null) fail(token, 'a number or a date like 2026-12-31');
    return value;
  }

  #values(): string[] {
    this.#want('(');
    const values: string[] = [];
    if (this.#took(')')) return values;
    do values.push(this.#value());
    while (this.#took(','));
    if (!this.#took(')')) fail(this.#next(), '"," or ")"');
    return values;
  }
}

function not(rule: Rule): Rule {
  return { kind: 'not', rule };
}
