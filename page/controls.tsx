import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { PageAction, PageAnswer, PageComponent } from '../src/cli/page/page-state.js';
import { ask, token } from './ask.js';

/** What can be done: messages, faults, a start, a test. */
export function Controls({ component }: { readonly component: PageComponent | undefined }): JSX.Element {
  const [answer, tell] = useState<PageAnswer | undefined>(undefined);
  const [test, showTest] = useState<string | undefined>(undefined);
  const [topicName, setTopic] = useState('');
  const [payload, setPayload] = useState('');
  const [isLocal, setLocal] = useState(false);
  if (component?.isRecording === true) return <p class="empty">This is a recording: there is no component to act on.</p>;
  if (token === '')
    return <p class="empty">This page can only look. To act, open the whole address that dev has printed, with what is behind the #.</p>;
  const doing = async (action: PageAction): Promise<PageAnswer> => {
    const done = await ask(action);
    tell(done);
    return done;
  };
  const publish = (event: Event): void => {
    event.preventDefault();
    void doing({ do: 'publish', topicName, payload, isLocal });
  };
  const copyTest = async (): Promise<void> => {
    const made = await ask({ do: 'marble test' });
    if ('problem' in made) {
      tell(made);
      return;
    }
    showTest(made.done);
    // Where the browser does not allow it, the text is there to be copied by hand.
    const isCopied = await navigator.clipboard.writeText(made.done).then(
      () => true,
      () => false,
    );
    tell({ done: isCopied ? 'the test is on the clipboard' : 'the test stands below' });
  };
  return (
    <>
      <p class={answer !== undefined && 'problem' in answer ? 'answer problem' : 'answer'} role="status">
        {answer === undefined ? ' ' : 'done' in answer ? `Done: ${answer.done}` : `Not done: ${answer.problem}`}
      </p>
      <form class="publish" onSubmit={publish}>
        <label>
          Topic{' '}
          <input value={topicName} onInput={event => setTopic(event.currentTarget.value)} placeholder="sensors/oven/temperature" required />
        </label>
        <label>
          Payload{' '}
          <textarea rows={2} value={payload} onInput={event => setPayload(event.currentTarget.value)} placeholder='{"celsius": 180}' />
        </label>
        <label class="check">
          <input type="checkbox" checked={isLocal} onChange={event => setLocal(event.currentTarget.checked)} /> on a local topic
        </label>
        <button type="submit">Publish</button>
      </form>
      <div class="bar">
        <button type="button" onClick={() => void doing({ do: 'restart' })}>
          Restart
        </button>
        <button type="button" onClick={() => void copyTest()}>
          Copy as a marble test
        </button>
      </div>
      {test !== undefined && (
        <pre class="test" tabIndex={0}>
          {test}
        </pre>
      )}
      <h3>Faults</h3>
      <div class="faults">
        {(component?.faults ?? []).map(fault => (
          <button type="button" key={fault} onClick={() => void doing({ do: 'fault', fault })}>
            {fault}
          </button>
        ))}
      </div>
    </>
  );
}
