import type { StageDeclaration, StageKind } from '../flow/account.js';
import { Ledger, type LedgerEntry } from '../flow/ledger.js';

/** A stage that was subscribed, with what it said of itself. */
export interface RecordedStage {
  /** `undefined`: it was subscribed later, by data or a timer, and which branch it is of is not known. */
  readonly branch: string | undefined;
  readonly kind: StageKind;
  readonly name: string;
  readonly declaration: StageDeclaration;
}

/** Counts as every ledger does, and keeps what each stage said, in the order of their subscriptions. */
export class RecordingLedger extends Ledger {
  readonly opened: RecordedStage[] = [];
  /** The branch that is being subscribed. */
  branch: string | undefined;

  /** @internal */
  override open(kind: StageKind, wanted: string = kind, declaration: StageDeclaration = {}): LedgerEntry {
    const name = kind === 'window' ? this.#nextWindow(wanted) : wanted;
    this.opened.push({ branch: this.branch, kind, name, declaration });
    return super.open(kind, name, declaration);
  }

  /** Windows have no names of their own: the second is `tumbling 2`. */
  #nextWindow(operator: string): string {
    const before = this.opened.filter(({ kind, name }) => kind === 'window' && name.split(' ', 1)[0] === operator).length;
    return before === 0 ? operator : `${operator} ${before + 1}`;
  }
}
