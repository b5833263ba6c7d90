import { left } from 'fp-ts/lib/Either.js';
import { of } from 'rxjs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { branchEvents } from '../../src/component/branches.js';
import { Unauthorized } from '../../src/errors/errors.js';
import { reportUnhandled } from '../../src/stream/unhandled.js';

it('a terminal Left of a branch is dealt with: nobody else reports it as one that was not', () => {
  const stderr = vi.spyOn(console, 'error').mockReturnValue();
  onTestFinished(() => {
    stderr.mockRestore();
  });
  const error = new Unauthorized('terminal', 'aws.greengrass#SubscribeToIoTCore', 'a', '');
  const events: unknown[] = [];
  branchEvents('b', of(left(error))).subscribe(event => events.push(event));
  reportUnhandled(error);
  expect(events).toEqual([{ branch: 'b', kind: 'failed', error }]);
  expect(stderr).not.toHaveBeenCalled();
});
