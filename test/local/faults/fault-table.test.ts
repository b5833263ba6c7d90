import { describe, expect, test } from 'vitest';
import { FaultSwitches } from '../../../src/local/faults/fault-switches.js';
import { armDetailed, DETAILED_FAULTS, FAULT_NAMES, FAULTS, type FaultSubject } from '../../../src/local/faults/fault-table.js';
import type { FaultWithDetails } from '../../../src/local/faults/fault-words.js';

/** What is asked of each switch that is not of an operation by itself. */
const ASKED_AT: Readonly<Record<string, string>> = {
  noConnectAck: 'connect',
  refuseConnect: 'connect',
  corrupt: 'frame',
  cutMidFrame: 'frame',
  cutAfterMessages: 'frame',
  splitWrites: 'frame',
  glueFrames: 'frame',
  denySubscription: 'subscribe',
  oldNucleus: 'terminate',
};

type Switch = FaultSwitches['spoolFull'];

/** Where a fault strikes, by the one switch that it has armed, and whether it strikes there again. */
function struck(arm: (subject: FaultSubject) => void): { readonly at: string | undefined; readonly again: boolean } {
  const switches = new FaultSwitches();
  arm({ switches, resumeConnections: () => undefined } as unknown as FaultSubject);
  const all = Object.entries(switches as unknown as Readonly<Record<string, Switch | Readonly<Record<string, Switch>>>>).flatMap(
    ([name, one]): (readonly [string | undefined, Switch])[] => ('strike' in one ? [[ASKED_AT[name], one as Switch]] : Object.entries(one)),
  );
  const armed = all.filter(([, { isArmed }]) => isArmed);
  expect(armed).toHaveLength(1);
  armed[0]?.[1].strike('a');
  return { at: armed[0]?.[0], again: armed[0]?.[1].isArmed === true };
}

describe('the table of faults', () => {
  const striking = Object.entries(FAULTS).flatMap(([word, fault]) => ('arms' in fault ? [[word, fault] as const] : []));

  test.each(striking)('%s strikes what the table says, and once unless it says that it lasts', (_, { strikes, arms, lasts }) => {
    expect(struck(subject => arms(subject, { times: 1 }))).toEqual({ at: strikes, again: lasts === true });
  });

  const message = { topicName: 't', payload: '' };
  test.each<FaultWithDetails>([
    { dropAfterMessages: 1 },
    { splitFrames: 1 },
    { glueFrames: 2 },
    { messageBeforeReply: message },
    { burstThenEnd: [message] },
  ])('%j strikes what the table says', fault => {
    const strikes = Object.entries(DETAILED_FAULTS).find(([name]) => name in fault)?.[1].strikes;
    expect(struck(subject => void armDetailed(subject, fault, { times: 1 })).at).toBe(strikes);
  });

  test('has no word twice, and of each that lasts the word that ends it', () => {
    expect(FAULT_NAMES).toHaveLength(new Set(FAULT_NAMES).size);
    for (const fault of Object.values(FAULTS)) if ('until' in fault) expect(Object.keys(FAULTS)).not.toContain(fault.until);
  });
});
