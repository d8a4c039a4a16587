/** What C says in lines that begin with `#`: object-like macros and conditions. Nothing is included; pragmas and errors are left out. */
import type { QrailsError } from '../errors.js';
import { conditionOf } from './cExpression.js';
import type { CType } from './cTypes.js';
import { IMPORT_LIMITS } from './limits.js';
import { refusal } from './refusal.js';
import { Tokeniser, type Token } from './tokenise.js';

/** Remarks kept at most. */
const MOST_NOTES = 20;

/** What several files share: macros, names of types, and what was noticed. */
export class Macros {
  /** Text by name; undefined where it takes arguments: known, and never put in. */
  readonly bodies = new Map<string, string | undefined>();
  readonly types = new Map<string, CType>();
  readonly notes = new Set<string>();
  /** Files that were to be included, none of the system, with the file that says so. */
  readonly included = new Map<string, string>();
  private expanded = 0;

  /**
   * The text of a macro that is to be read once more.
   *
   * @throws QrailsError `unreadable` where macros were read too often: each may name others many times over
   */
  use(name: string, where: () => string): string | undefined {
    const body = this.bodies.get(name);
    if (body === undefined) return undefined;
    this.expanded += body.length;
    if (this.expanded > IMPORT_LIMITS.expanded) throw refusal('unreadable', where(), 'macros grow too long', name, `at most ${IMPORT_LIMITS.expanded} characters out of macros`);
    return body;
  }

  note(text: string): void {
    if (this.notes.size < MOST_NOTES) this.notes.add(text);
  }
}

/** An `#if` that is open. */
interface Group {
  readonly line: number;
  /** Whether the part that is being read counts, and all parts around it. */
  on: boolean;
  /** Whether no later part can count. */
  done: boolean;
  /** Its `#else` was met. */
  last: boolean;
}

/** The tokens of a file outside directives and of what its conditions leave in. Defines macros on its way. */
export class Preprocessor {
  private readonly tokeniser: Tokeniser;
  private readonly groups: Group[] = [];

  constructor(source: string, private readonly file: string, private readonly macros: Macros) {
    this.tokeniser = new Tokeniser(source, file);
  }

  readonly where = (): string => this.tokeniser.where();

  /** @throws QrailsError `unreadable` for conditions that do not fit together and text that is not closed, and as the tokeniser does */
  readonly next = (): Token | undefined => {
    for (let token; (token = this.tokeniser.next()) !== undefined;) {
      if (token.first && token.text === '#') this.directive();
      else if (this.on && token.kind === 'open') throw this.bad('this text is not closed', token.text, token.text[0]!);
      else if (this.on) return token;
    }
    const open = this.groups.at(-1);
    if (open) throw refusal('unreadable', `${this.file}, line ${open.line}`, 'this condition is not closed', 'the end of the text', '#endif');
    return undefined;
  };

  private get on(): boolean {
    return this.groups.at(-1)?.on ?? true;
  }

  private directive(): void {
    const { tokeniser, macros, groups } = this;
    const { line } = tokeniser;
    const name = tokeniser.next(true)?.text ?? '';
    const group = groups.at(-1);
    switch (name) {
      case 'if': case 'ifdef': case 'ifndef': {
        if (groups.length === IMPORT_LIMITS.depth) throw this.bad('conditions are nested too deep', `#${name}`, `at most ${IMPORT_LIMITS.depth}`);
        const on = this.on && this.holds(name);
        groups.push({ line, on, done: on || !this.on, last: false });
        break;
      }
      case 'elif': case 'else':
        if (group === undefined || group.last) throw this.bad('a condition that does not begin', `#${name}`, '#if before it');
        group.last = name === 'else';
        group.on = !group.done && (name === 'else' || this.holds(name));
        group.done ||= group.on;
        break;
      case 'endif':
        if (groups.pop() === undefined) throw this.bad('a condition that does not begin', '#endif', '#if before it');
        break;
      case 'define':
        if (this.on) this.define();
        break;
      case 'undef':
        if (this.on) macros.bodies.delete(tokeniser.next(true)?.text ?? '');
        break;
      case 'include': {
        const file = this.on ? tokeniser.restOfLine() : '';
        // Headers of the system hold no tables.
        if (file.startsWith('"') && macros.included.size < IMPORT_LIMITS.files) macros.included.set(file.slice(1, -1), this.file);
      }
    }
    tokeniser.restOfLine();
  }

  private define(): void {
    const name = this.tokeniser.next(true);
    if (name?.kind !== 'word') throw this.bad('this macro has no name', name?.text ?? 'the end of the line', 'a name');
    const takesArguments = this.tokeniser.follows('(');
    const body = this.tokeniser.restOfLine();
    this.macros.bodies.set(name.text, takesArguments ? undefined : body);
  }

  private holds(name: string): boolean {
    const { tokeniser, macros } = this;
    if (name === 'ifdef' || name === 'ifndef') return macros.bodies.has(tokeniser.next(true)?.text ?? '') === (name === 'ifdef');
    const where = this.where();
    const condition = conditionOf(tokeniser.restOfLine(), macros, where);
    if (condition === undefined) macros.note(`${where}: this condition is not understood and taken as false`);
    return condition ?? false;
  }

  private bad(message: string, found: string, expected: string): QrailsError {
    return refusal('unreadable', this.where(), message, found, expected);
  }
}
