import type { StageAccount } from '../flow/account.js';
import type { Ledger } from '../flow/ledger.js';
import { plural } from '../shared/visible.js';
import type { FeedAccount } from '../stream/feed.js';

/** What of a stage's account can be expected, in messages. */
export type StageCounts = Partial<Record<'received' | 'emitted' | 'dropped' | 'failed' | 'buffered' | 'discarded', number>>;

/** The ledger's counts since a moment: it counts over the life of the process. */
export class LedgerSince {
  readonly #ledger: Ledger;
  readonly #before: ReadonlyMap<string, StageAccount>;
  readonly #feedsBefore: ReadonlyMap<string, FeedAccount>;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#before = new Map(ledger.snapshot().stages.map(account => [keyOf(account), account]));
    this.#feedsBefore = ledger.feeds();
  }

  /** What is wrong if stages dropped or discarded anything. */
  dropped(): string | undefined {
    const lines = this.lost();
    return lines.length === 0 ? undefined : ['Messages were dropped.', '', ...lines.map(line => `  ${line}`)].join('\n');
  }

  /** A line for each stage that dropped or discarded anything. */
  lost(): readonly string[] {
    const lost = this.#stages().filter(({ counts }) => counts.dropped > 0 || counts.discarded > 0);
    return lost.map(({ name, counts: { received, dropped, discarded } }) => {
      const what = [dropped > 0 ? `dropped ${dropped}` : '', discarded > 0 ? `discarded ${discarded}` : ''].filter(text => text !== '');
      return `${name} ${what.join(' and ')} of ${plural(received, 'message')}`;
    });
  }

  /**
   * A line for each stage that nothing came to, though what feeds it sent something. Operators of RxJS cannot be seen: that those
   * between took all of it can.
   */
  absorbed(): readonly string[] {
    return this.#feeds()
      .filter(({ sent, received }) => sent > 0 && received === 0)
      .map(
        ({ from, to, sent }) =>
          `${plural(sent, 'message')} left ${from.join(', ')} and none came to ${to}: what is between them, such as a filter, took all`,
      );
  }

  /** A line for each subscription whose messages went into no other stage. For pipelines that emitted nothing. */
  withoutResult(): readonly string[] {
    const feeding = new Set(this.#feeds().flatMap(({ from, sent }) => (sent > 0 ? from : [])));
    return this.#stages()
      .filter(({ kind, name, counts: { emitted } }) => kind === 'subscription' && emitted > 0 && !feeding.has(name))
      .map(
        ({ name, counts: { emitted } }) =>
          `${plural(emitted, 'message')} came on ${name} and the pipeline emitted nothing: an operator in it, such as a filter, took all`,
      );
  }

  /** What is wrong with the account of the stage of this name. */
  stage(name: string, expected: StageCounts): string | undefined {
    const stages = this.#stages();
    // A stage of another kind may have the same name: one that a test before has run, and this one has not.
    const ofName = stages.filter(stage => stage.name === name);
    const found = ofName.find(({ counts }) => counts.received > 0) ?? ofName[0];
    if (found === undefined) {
      const names = stages.map(stage => stage.name).join(', ');
      return `The ledger has no stage "${name}". ${names === '' ? 'No stage has run.' : `It has ${names}.`}`;
    }
    const wrong = (Object.entries(expected) as [keyof StageCounts, number][]).filter(([what, count]) => found.counts[what] !== count);
    if (wrong.length === 0) return undefined;
    return [
      `The ledger's account of "${name}" is not as expected.`,
      '',
      ...wrong.map(([what, count]) => `  ${what}: expected ${count}, received ${found.counts[what]}`),
    ].join('\n');
  }

  #feeds(): readonly Pick<FeedAccount, 'from' | 'to' | 'sent' | 'received'>[] {
    // Tests before may have fed a stage of the same name from elsewhere.
    const emitting = new Set(this.#stages().flatMap(({ name, counts: { emitted } }) => (emitted > 0 ? [name] : [])));
    return [...this.#ledger.feeds()].map(([key, { from, to, sent, received }]) => {
      const before = this.#feedsBefore.get(key);
      return {
        from: from.filter(name => emitting.has(name)),
        to,
        sent: sent - (before?.sent ?? 0),
        received: received - (before?.received ?? 0),
      };
    });
  }

  #stages(): readonly { readonly kind: StageAccount['kind']; readonly name: string; readonly counts: Required<StageCounts> }[] {
    return this.#ledger.snapshot().stages.map(account => {
      const before = this.#before.get(keyOf(account));
      const since = (what: keyof StageCounts): number => account[what].messages - (before?.[what].messages ?? 0);
      const counts = {
        received: since('received'),
        emitted: since('emitted'),
        dropped: since('dropped'),
        failed: since('failed'),
        buffered: account.buffered.messages,
        discarded: since('discarded'),
      };
      return { kind: account.kind, name: account.name, counts };
    });
  }
}

function keyOf({ kind, name }: StageAccount): string {
  return `${kind} ${name}`;
}
