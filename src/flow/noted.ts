import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import type { StageDeclaration, StageKind } from './account.js';
import { countedAs } from './counted.js';
import { isRecording } from './ledger.js';

/** What is no stage and no account of its own, shown to a dry run where it stands; otherwise nothing, and at no cost for a value. */
export function noted<A>(kind: StageKind, name: string, declaration: StageDeclaration): MonoTypeOperatorFunction<A> {
  const shown = countedAs<A>(kind, name, { sizeOf: () => 0, fateOf: () => 'emitted', declaration });
  return source => new Observable(destination => (isRecording() ? shown(source) : source).subscribe(destination));
}
