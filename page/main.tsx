import { render, type JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Charts } from './charts.js';
import { Controls } from './controls.js';
import { compact, Diagram } from './diagram.js';
import { Lanes } from './lanes.js';
import { follow, Store } from './store.js';

function Page({ store }: { readonly store: Store }): JSX.Element {
  const [, draw] = useState(0);
  useEffect(() => store.listen(() => draw(n => n + 1)), []);
  const { component, health, totals } = store;
  return (
    <>
      <header>
        <h1>{component?.name ?? 'greengrass-rx dev'}</h1>
        <p class="state" role="status">
          <span class={store.isThere && store.isConnected ? 'good' : 'bad'}>{stateOf(store)}</span>
        </p>
        <dl class="totals">
          <Total what="in" n={totals.delivered} />
          <Total what="out" n={totals.published} />
          <Total what="refused" n={totals.failed} isBad />
          <Total what="lost" n={totals.dropped} isBad />
        </dl>
      </header>
      <main>
        <Part title="Pipeline">
          <Diagram diagram={health?.diagram} />
          {health !== undefined && (
            <p class="dim">
              {health.branches
                .map(({ name, status, lefts }) => `${name}: ${status}${lefts > 0 ? `, ${compact(lefts)} Lefts` : ''}`)
                .join(' · ')}
            </p>
          )}
        </Part>
        <Part title="Topics">
          <Lanes store={store} />
        </Part>
        <Part title="Rates and delays">
          <Charts store={store} />
        </Part>
        <Part title="What was said">
          <Notes store={store} />
        </Part>
        <Part title="Do">
          <Controls component={component} />
        </Part>
        <Part title="Configuration and policies">
          <div class="texts">
            <pre tabIndex={0} aria-label="Configuration">
              {component?.configuration ?? ''}
            </pre>
            <pre tabIndex={0} aria-label="Policies">
              {component?.policies ?? ''}
            </pre>
          </div>
        </Part>
      </main>
    </>
  );
}

function Part({ title, children }: { readonly title: string; readonly children: preactChildren }): JSX.Element {
  const id = title.toLowerCase().replaceAll(' ', '-');
  return (
    <section aria-labelledby={id} class={`part ${id}`}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

type preactChildren = JSX.Element | null | false | undefined | (JSX.Element | null | false | undefined)[];

function Total({ what, n, isBad = false }: { readonly what: string; readonly n: number; readonly isBad?: boolean }): JSX.Element {
  return (
    <div class={isBad && n > 0 ? 'bad' : ''}>
      <dt>{what}</dt>
      <dd>{compact(n)}</dd>
    </div>
  );
}

function stateOf({ isThere, isRunning, isConnected, component, health }: Store): string {
  if (!isThere) return 'dev has ended, or does not answer';
  if (component?.isRecording === true) return 'a recording';
  if (!isRunning && !isConnected) return `a ${component?.profile ?? ''} nucleus, and the component does not run`;
  return `${isConnected ? 'connected to' : 'not connected to'} a ${component?.profile ?? ''} nucleus${health === undefined ? '' : `, ${health.status}`}`;
}

/** The log: failures in their place among what else was said. Stays at its end unless somebody reads further up. */
function Notes({ store }: { readonly store: Store }): JSX.Element {
  const list = useRef<HTMLOListElement>(null);
  const [all, showAll] = useState(true);
  const notes = store.notes.filter(({ level }) => all || level !== 'info').slice(-200);
  const isAtEnd = useRef(true);
  useEffect(() => {
    const element = list.current;
    if (element !== null && isAtEnd.current) element.scrollTop = element.scrollHeight;
  });
  return (
    <>
      <div class="bar">
        <button type="button" aria-pressed={!all} onClick={() => showAll(!all)}>
          Only what went wrong
        </button>
      </div>
      <ol
        class="notes"
        ref={list}
        tabIndex={0}
        aria-label="Log"
        onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
          isAtEnd.current = scrollTop + clientHeight > scrollHeight - 20;
        }}
      >
        {notes.map(({ id, at, level, text }) => (
          <li key={id} class={level}>
            <time>{new Date(at).toLocaleTimeString()}</time> {text}
          </li>
        ))}
      </ol>
    </>
  );
}

const store = new Store();
follow(store);
render(<Page store={store} />, document.body);
