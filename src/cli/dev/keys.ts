import { spawn } from 'node:child_process';
import type { ReadStream } from 'node:tty';
import { FAULT_NAMES } from '../../local/faults/fault-table.js';
import type { FaultName } from '../../local/faults/fault-words.js';
import type { LocalNucleus } from '../../local/nucleus.js';
import { messageOf } from '../../shared/visible.js';
import { publishTopicProblem } from '../../topic/topic-rules.js';
import type { Cli } from '../cli.js';
import type { ControlReply } from '../reach/control-channel.js';
import type { DevLog } from './dev-log.js';

/** What keys do while `dev` runs. */
export interface KeyActions {
  readonly restart: () => void;
  readonly fault: (fault: FaultName) => void;
  readonly publish: (topicName: string, payload: string) => void;
  /** Left out: there is no page. */
  readonly openPage?: (() => void) | undefined;
  readonly quit: () => void;
  /** Ctrl-C: a terminal that hands over single keys makes no signal of it. */
  readonly interrupt: () => void;
  readonly say: (text: string) => void;
  /** Shows what is being typed on the last line; an empty text clears it. */
  readonly show: (text: string) => void;
}

/** What is being asked for. */
type Asking = 'fault' | 'publish';

const QUESTIONS: Readonly<Record<Asking, string>> = { fault: 'fault (Tab completes): ', publish: 'publish (topic payload): ' };
/** Characters that can be typed as an answer. */
const MAX_TYPED = 4_096;

/** What the keys are, in a line. */
function keysText({ openPage }: Pick<KeyActions, 'openPage'>): string {
  return `keys: r restart, f a fault, p publish,${openPage === undefined ? '' : ' o the page,'} q quit`;
}

/** Turns what is typed into actions: each has one key; a fault and a message also take a line. */
export class Keys {
  readonly #actions: KeyActions;
  #asking: Asking | undefined;
  #typed = '';

  constructor(actions: KeyActions) {
    this.#actions = actions;
  }

  /** Takes what was typed or pasted. */
  take(text: string): void {
    // An arrow key sends a sequence that begins with ESC: it is one key, and none of these.
    if (text.startsWith('\u001b') && text.length > 1) return;
    for (const key of text) this.#press(key);
  }

  #press(key: string): void {
    if (key === '\u0003' || key === '\u0004') {
      this.#leave();
      this.#actions.interrupt();
    } else if (this.#asking === undefined) this.#command(key);
    else this.#edit(this.#asking, key);
  }

  #command(key: string): void {
    const { restart, openPage, quit } = this.#actions;
    if (key === 'r') restart();
    else if (key === 'f') this.#ask('fault');
    else if (key === 'p') this.#ask('publish');
    else if (key === 'o') openPage?.();
    else if (key === 'q') quit();
  }

  #ask(asking: Asking): void {
    this.#asking = asking;
    this.#typed = '';
    this.#show();
  }

  #edit(asking: Asking, key: string): void {
    if (key === '\r' || key === '\n') {
      const typed = this.#typed.trim();
      this.#leave();
      if (typed !== '') this.#answer(asking, typed);
      return;
    }
    if (key === '\u001b') {
      this.#leave();
      return;
    }
    if (key === '\u007f' || key === '\b') this.#typed = Array.from(this.#typed).slice(0, -1).join('');
    else if (key === '\t') this.#typed = asking === 'fault' ? completed(this.#typed) : this.#typed;
    else if (key >= ' ' && this.#typed.length < MAX_TYPED) this.#typed += key;
    this.#show();
  }

  #answer(asking: Asking, typed: string): void {
    const { fault, publish, say } = this.#actions;
    if (asking === 'publish') {
      const [, topicName = typed, payload = ''] = /^(\S+)\s+([^]*)$/.exec(typed) ?? [];
      publish(topicName, payload);
      return;
    }
    const name = FAULT_NAMES.find(each => each === typed);
    if (name !== undefined) fault(name);
    else say(`there is no fault ${JSON.stringify(typed)}: they are ${FAULT_NAMES.join(', ')}`);
  }

  #show(): void {
    if (this.#asking !== undefined) this.#actions.show(`${QUESTIONS[this.#asking]}${this.#typed}`);
  }

  #leave(): void {
    this.#asking = undefined;
    this.#actions.show('');
  }
}

/** As far as all faults that begin so go on alike. */
function completed(typed: string): string {
  const fitting = FAULT_NAMES.filter(name => name.startsWith(typed));
  const [first = typed, ...others] = fitting;
  let end = first.length;
  while (!others.every(name => name.startsWith(first.slice(0, end)))) end--;
  return first.slice(0, end);
}

/** Reads single keys of a terminal, which is as before once it is disposed of, or the process has ended. */
function readKeys(terminal: ReadStream, keys: Keys): Disposable {
  const restore = (): void => void terminal.setRawMode(false);
  const onData = (text: string): void => keys.take(text);
  terminal.setRawMode(true);
  terminal.setEncoding('utf8').on('data', onData).resume();
  process.on('exit', restore);
  return {
    [Symbol.dispose]: () => {
      process.off('exit', restore);
      terminal.off('data', onData).pause();
      // Nobody reads it any more, and it must not keep the process.
      terminal.unref();
      restore();
    },
  };
}

/** The keys of `dev`, where it is in a terminal. */
export function takeKeys(
  { out }: Cli,
  nucleus: LocalNucleus,
  log: DevLog,
  given: Pick<KeyActions, 'openPage' | 'interrupt'> & { readonly restart: () => ControlReply },
): Disposable | undefined {
  const terminal = process.stdin;
  if (!terminal.isTTY || !out.isTerminal) return undefined;
  const say = (text: string): void => log.tell({ kind: 'warning', component: undefined, text });
  const actions: KeyActions = {
    ...given,
    restart: () => {
      const reply = given.restart();
      if ('problem' in reply) say(reply.problem);
    },
    quit: given.interrupt,
    fault: fault => {
      log.tell({ kind: 'fault', fault });
      nucleus.faults.inflict(fault).catch((error: unknown) => say(messageOf(error)));
    },
    publish: (topicName, payload) => {
      const problem = publishTopicProblem(topicName);
      if (problem !== undefined) say(problem);
      else nucleus.publish({ topicName, payload, qos: 1 });
    },
    say,
    show: log.showTyped,
  };
  log.tell({ kind: 'keys', text: keysText(actions) });
  return readKeys(terminal, new Keys(actions));
}

/** Opens an address in the browser of the desktop, where there is one. */
export function openInBrowser(url: string): void {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(program, [url], { stdio: 'ignore', detached: true });
  // Where there is no desktop: the address is in the log.
  child.on('error', () => undefined);
  child.unref();
}
