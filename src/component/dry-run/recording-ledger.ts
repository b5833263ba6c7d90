import type { StageAccount, StageDeclaration, StageKind } from '../../flow/account.js';
import { Ledger, type LedgerEntry } from '../../flow/ledger.js';

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

  override open(kind: StageKind, wanted: string = kind, declaration: StageDeclaration = {}): LedgerEntry {
    this.opened.push({ branch: this.branch, kind, name: wanted, declaration });
    return super.open(kind, wanted, declaration);
  }

  account(kind: StageKind, name: string): StageAccount | undefined {
    return this.snapshot().stages.find(stage => stage.kind === kind && stage.name === name);
  }
}
