import type { Component } from '../component/component.js';
import { isLocalStage } from './access.js';
import type { Finding } from './finding.js';
import type { DryRecord } from './record.js';

/** What is wrong with the branches themselves, and what could not be seen of them. */
export function checkBranches(component: Pick<Component, 'publishes' | 'localPublishes'>, record: DryRecord): readonly Finding[] {
  return [
    ...ends(record),
    ...draining(record),
    ...awaited(record),
    ...undeclared(component, record),
    ...sameNames(record),
    ...ofNoBranch(record),
  ];
}

function ends({ branches }: DryRecord): readonly Finding[] {
  return branches.flatMap(({ name, end }): readonly Finding[] => {
    if (end === undefined || end.kind === 'completed') return [];
    const { error } = end;
    const text = error instanceof Error ? error.message : String(error);
    return [{ severity: 'error', about: 'branches', message: `The branch "${name}" ended with nothing but its start: ${text}` }];
  });
}

function draining({ branches, awaited }: DryRecord): readonly Finding[] {
  return (
    branches
      // One that waits for a promise may end after it.
      .filter(({ drains }) => !drains && awaited === undefined)
      .map(({ name }) => ({
        severity: 'warning',
        about: 'branches',
        message: `The branch "${name}" does not end when the component is told to stop, so every stop takes the whole drain deadline. Subscriptions end by themselves; end its other sources with takeUntil(proxy.draining$).`,
      }))
  );
}

function awaited({ awaited }: DryRecord): readonly Finding[] {
  if (awaited === undefined) return [];
  const place = awaited.place === undefined ? '' : ` (${awaited.place})`;
  const message = `A promise was awaited at ${awaited.at} ms${place}. Virtual time does not wait for promises: what comes after it was not seen. Use publish$ in the place of publish, or declare what follows with publishes and subscribes.`;
  return [{ severity: 'warning', about: 'branches', message }];
}

function undeclared(component: Pick<Component, 'publishes' | 'localPublishes'>, { stages }: DryRecord): readonly Finding[] {
  return stages
    .filter(({ kind, declaration }) => (kind === 'publishTo' || kind === 'forwardFrom') && declaration.topics === undefined)
    .map(stage => {
      const { kind, name } = stage;
      const member = isLocalStage(stage) ? 'localPublishes' : 'publishes';
      return component[member].length === 0
        ? {
            severity: 'error',
            about: 'topics',
            message: `Where the stage "${name}" publishes depends on data, and the recipe cannot allow it. Say where with ${kind === 'publishTo' ? 'its option topics' : 'the option topics of its outbox'}: names, filters or templates.`,
          }
        : {
            severity: 'note',
            about: 'topics',
            message: `Where the stage "${name}" publishes depends on data; the recipe allows what the component declares with ${member}.`,
          };
    });
}

/** Stages of one operator and name share an account, so their numbers and their place in the diagram do. */
function sameNames({ stages }: DryRecord): readonly Finding[] {
  const counts = new Map<string, number>();
  for (const { kind, name } of stages.filter(({ kind }) => kind !== 'subscription')) {
    const key = name === kind ? name : `${kind} "${name}"`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > 1)
    .map(([stage, count]) => ({
      severity: 'note',
      about: 'branches',
      message: `${count} stages are ${stage} to the ledger, and counted as one. Give each a name.`,
    }));
}

/** What was not subscribed together with its branch. */
function ofNoBranch({ subscriptions, localSubscriptions, stages }: DryRecord): readonly Finding[] {
  const names = [
    ...[...subscriptions, ...localSubscriptions].filter(({ branch }) => branch === undefined).map(({ filter }) => filter),
    ...stages.filter(({ kind, branch }) => branch === undefined && kind !== 'subscription').map(({ name }) => name),
  ];
  if (names.length === 0) return [];
  const list = [...new Set(names)].map(name => JSON.stringify(name)).join(', ');
  const message = `${list}: subscribed later than its branch, by a timer or once connected, so which branch it is of is not known. The recipe allows it all the same.`;
  return [{ severity: 'note', about: 'branches', message }];
}
