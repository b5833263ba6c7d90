/** A component, as text to be built, that stores two readings, sends what is stored, and writes what became of it to stderr. */
export const METERING = `
  import { QOS } from 'greengrass-rx';
  import { component } from 'greengrass-rx/component';
  import { forwardFrom, storeIn } from 'greengrass-rx/outbox';
  import { of, take, tap } from 'rxjs';

  const tell = (text: string): void => void process.stderr.write(text + '\\n');
  const metering = component({
    name: 'com.example.Other',
    version: '1.0.0',
    run: (proxy, _, { openOutbox }) => {
      const outbox = openOutbox({ mark: 'wrap' });
      return {
        stored: of(1, 2).pipe(
          storeIn(outbox, n => ({ topicName: 'meters/' + n, payload: String(n), qos: QOS.AT_LEAST_ONCE })),
          tap(outcome => tell(outcome._tag === 'Right' ? outcome.right.by + ' ' + outcome.right.number : 'reason' in outcome.left ? outcome.left.reason : outcome.left._tag)),
        ),
        forwarded: forwardFrom(outbox, proxy).pipe(
          tap(outcome => tell(outcome._tag === 'Right' ? 'forwarded ' + outcome.right.number : outcome.left._tag)),
          take(2),
        ),
      };
    },
  });
  export default metering;
`;

/** The same as a program, which says how it ended. */
export const METERING_PROGRAM = `
  import { runComponent } from 'greengrass-rx/component';
  ${METERING}
  const { reason } = await runComponent(metering);
  tell(reason);
`;
