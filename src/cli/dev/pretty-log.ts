import type { LogLevel } from '../../component/log.js';
import { markOf } from '../../outbox/mark.js';
import { plural, visible, visibleColoured } from '../../shared/visible.js';
import { MIN_PREVIEW, previewPayload } from '../messages/message-text.js';
import { ago, columnsOf, type Format, type Output, timeOfDay, wrap } from '../output.js';
import { detailsOf, type LoggedError, logSentence } from './log-line.js';
import { describeEnd, type DevEvent, type Render } from './dev-log.js';

/** From here on there is room for milliseconds. */
const WIDE = 60;
/** Columns of a component's name. */
const MAX_NAME = 16;

const LOG_COLOURS: Readonly<Record<LogLevel, Format | undefined>> = { debug: 'dim', info: undefined, warn: 'yellow', error: 'red' };
const COLOURS: readonly Format[] = ['cyan', 'magenta', 'blue', 'green', 'yellow'];

/**
 * The log for people: time, component, what happened. Lines are as wide as the terminal: sentences are wrapped, payloads are
 * shortened, topics and what the component prints are never cut.
 *
 * @param components gives each its colour and the column of names its width.
 */
export function prettyLog(out: Output, components: readonly string[]): Render {
  const nameWidth = Math.min(MAX_NAME, Math.max(...['dev', ...components].map(name => shortName(name).length)));
  const colourOf = (component: string): Format => COLOURS[Math.max(0, components.indexOf(component)) % COLOURS.length] ?? 'cyan';

  const head = (component: string | undefined): string => {
    const time = out.width < WIDE ? timeOfDay().slice(0, 8) : timeOfDay();
    const name = visible(shortName(component ?? 'dev'))
      .slice(0, MAX_NAME)
      .padEnd(nameWidth);
    return `${out.style('dim', time)} ${component === undefined ? out.style('dim', name) : out.style(colourOf(component), name)} `;
  };
  const indent = (): string => ' '.repeat(out.width < WIDE ? 2 : columnsOf(head(undefined)));

  const sentence = (component: string | undefined, text: string, format?: Format): string => {
    const start = head(component);
    const [first = '', ...rest] = wrap(start + visible(text), out.width, indent());
    const coloured = [first.slice(start.length), ...rest].map(line => (format === undefined ? line : out.style(format, line)));
    return start + coloured.join('\n');
  };
  const message = (component: string | undefined, arrow: string, topicName: string, payload: Uint8Array, more: string): string => {
    const [topic, tail] = [visible(topicName), visible(more)];
    const start = `${head(component)}${arrow}`;
    const bold = out.style('bold', topic);
    const end = tail === '' ? '' : ` ${out.style('dim', tail)}`;
    const room = out.width - columnsOf(`${start} ${topic} ${end}`);
    if (room >= MIN_PREVIEW) return `${start} ${bold} ${previewPayload(payload, room)}${end}`;
    const preview = `\n${indent()}${previewPayload(payload, out.width - indent().length)}`;
    const topicLine = columnsOf(`${start} ${topic}${end}`) <= out.width ? ` ${bold}${end}` : `${end}\n${indent()}${bold}`;
    return start + topicLine + preview;
  };

  /** The last error of each component: an error that ends a component comes twice in its log. */
  const toldErrors = new Map<string, LoggedError>();
  const detail = (text: string): string => out.style('dim', wrap(`${indent()}  ${visible(text)}`, out.width, `${indent()}    `).join('\n'));
  /** What is wrong with the broker: it is tried again every few seconds, and most often it is the same each time. */
  let brokerProblem: string | undefined;
  return event => {
    switch (event.kind) {
      case 'connected':
        return sentence(event.component, 'connected', 'green');
      case 'disconnected':
        return event.component === undefined ? undefined : sentence(event.component, 'disconnected', 'dim');
      case 'refused':
        return sentence(undefined, `refused a connection: ${event.reason}`, 'red');
      case 'subscribed':
        return sentence(event.component, `subscribed to ${event.filter}`, 'green');
      case 'unsubscribed':
        return sentence(event.component, `unsubscribed from ${event.filter}`, 'dim');
      case 'published':
        return message(
          event.component,
          '→',
          event.topicName,
          event.payload,
          [...(event.qos === 0 ? ['qos 0'] : []), ...replayedOf(event)].join(', '),
        );
      case 'configurationChanged':
        return sentence(event.component, `configuration changed: /${event.keyPath.join('/')}`, 'yellow');
      case 'stateReported':
        return sentence(event.component, `reports ${event.state}`, event.state === 'ERRORED' ? 'red' : 'green');
      case 'updateAnnounced':
        return sentence(event.component, 'is told of an update', 'yellow');
      case 'updateAnswered':
        return sentence(event.component, answerToUpdate(event.recheckAfter), 'yellow');
      case 'configurationValidated': {
        const why = event.message === undefined ? '' : `: ${event.message}`;
        return sentence(event.component, `validates its configuration: ${event.status ?? 'nothing'}${why}`, 'yellow');
      }
      case 'deployed':
        return sentence(
          undefined,
          event.failure === undefined ? `deployment ${event.status}` : `deployment ${event.status}: ${event.failure}`,
          event.status === 'SUCCEEDED' ? 'green' : 'red',
        );
      case 'stateChanged':
        return sentence(event.component, `is ${event.state}`, event.state === 'ERRORED' || event.state === 'BROKEN' ? 'red' : 'dim');
      case 'localSubscribed':
        return sentence(event.component, `subscribed to the local topic ${event.filter}`, 'green');
      case 'localUnsubscribed':
        return sentence(event.component, `unsubscribed from the local topic ${event.filter}`, 'dim');
      case 'localPublished':
        return message(event.component, '→', event.topicName, event.payload, 'local');
      case 'localDelivered':
        return message(
          event.components[0],
          '←',
          event.topicName,
          event.payload,
          ['local', ...event.components.slice(1).map(shortName)].join(' + '),
        );
      case 'delivered': {
        const [first, ...others] = event.components;
        return message(
          first,
          '←',
          event.topicName,
          event.payload,
          others
            .map(shortName)
            .map(name => `+ ${name}`)
            .join(' '),
        );
      }
      case 'probed':
        return sentence(event.component, 'asked which nucleus this is', 'dim');
      case 'failed':
        return failure(event, sentence);
      case 'dropped':
        return sentence(event.component, `lost ${plural(event.messages, 'message')}: ${event.reason}`, 'yellow');
      case 'broker':
        if (event.state === 'connected') {
          brokerProblem = undefined;
          return sentence(undefined, `connected to the broker ${event.url}`, 'green');
        }
        if (event.problem !== undefined && event.problem.message === brokerProblem) return undefined;
        brokerProblem = event.problem?.message;
        return sentence(undefined, brokerProblem ?? `no connection to the broker ${event.url}`, 'red');
      case 'policy':
        return sentence(event.component, event.problem, 'yellow');
      case 'listening':
        return sentence(undefined, `a ${event.profile} nucleus at ${event.socketPath}, MQTT at ${event.mqttUrl}`);
      case 'keys':
        return sentence(undefined, event.text, 'dim');
      case 'page':
        return sentence(undefined, `the page: ${event.url}`, 'bold');
      case 'environment':
        // To be copied: no head, no wrapping.
        return [
          out.style('dim', `# ${visible(event.component)}`),
          ...Object.entries(event.variables).map(([name, value]) => `export ${visible(name)}=${shellQuoted(value)}`),
        ].join('\n');
      case 'started':
        toldErrors.delete(event.component);
        return sentence(
          event.component,
          `started ${event.command.join(' ')}${event.pid === undefined ? '' : ` (pid ${event.pid})`}`,
          'dim',
        );
      case 'output': {
        const log = logSentence(event.text, toldErrors.get(event.component));
        if (log !== undefined) {
          if (log.error !== undefined) toldErrors.set(event.component, log.error);
          const text = `| ${log.level === 'info' ? '' : `${log.level}: `}${log.sentence}`;
          return [sentence(event.component, text, LOG_COLOURS[log.level]), ...detailsOf(log.error).map(detail)].join('\n');
        }
        return `${head(event.component)}${out.style(event.stream === 'stderr' ? 'red' : 'dim', '|')} ${visibleColoured(event.text)}`;
      }
      case 'exited':
        return sentence(event.component, describeEnd(event.end), 'code' in event.end && event.end.code === 0 ? 'dim' : 'red');
      case 'changed':
        return sentence(undefined, `${event.path} has changed`, 'yellow');
      case 'stopping':
        return sentence(event.component, `is told to end with ${event.signal}`, 'dim');
      case 'killed':
        return sentence(event.component, `killed: ${event.reason}`, 'red');
      case 'cloud':
        // Its delivery is told as it is.
        if (event.heard) return undefined;
        return sentence(undefined, `nobody is subscribed to ${event.topicName}, where the script has published`, 'yellow');
      case 'neighbour':
        if (event.heard) return undefined;
        return sentence(undefined, `nobody is subscribed to the local topic ${event.topic}, where the script has published`, 'yellow');
      case 'deploys':
        return sentence(undefined, `deploys ${JSON.stringify(event.configuration)}`, ['bold', 'yellow']);
      case 'fault':
        return sentence(undefined, `fault: ${event.fault}`, ['bold', 'yellow']);
      case 'warning':
        return sentence(event.component, event.text, 'yellow');
      case 'left-out':
        return sentence(undefined, `${plural(event.events, 'event')} not shown: they came faster than they could be printed`, 'yellow');
    }
  };
}

/** What the mark of an outbox says of a message that waited. */
function replayedOf({ topicName, payload, userProperties }: Extract<DevEvent, { kind: 'published' }>): readonly string[] {
  const mark = markOf({ topicName, payload, userProperties });
  return mark?.replayed === true ? [`replayed, stored ${ago(mark.storedAt)}`] : [];
}

type Sentence = (component: string | undefined, text: string, format?: Format) => string;

function failure(event: Extract<DevEvent, { kind: 'failed' }>, sentence: Sentence): string {
  const operation = event.operation.replace(/^aws\.greengrass#/, '');
  const what = event.resource === undefined ? operation : `${operation} ${event.resource}`;
  const text = event.message === '' ? '' : `: ${event.message.replace(/\.$/, '')}`;
  const remedy = event.remedy === undefined ? '' : `. To allow it, ${event.remedy.line}`;
  return sentence(event.component, `✗ ${what} ${event.code}${text}${remedy}`, 'red');
}

function answerToUpdate(recheckAfter: number | undefined): string {
  if (recheckAfter === undefined) return 'answers without a time, which counts for nothing';
  return recheckAfter === 0 ? 'lets the update begin' : `puts the update off by ${recheckAfter} ms`;
}

/** `com.example.Sensor` as `Sensor`. */
export function shortName(component: string): string {
  return component.slice(component.lastIndexOf('.') + 1);
}

function shellQuoted(value: string): string {
  if (/^[\w@%+=:,./-]+$/.test(value)) return value;
  const shown = visible(value.replaceAll('\\', '\\\\'));
  // Where it has what a terminal would obey, as bash and zsh read it.
  if (shown !== value.replaceAll('\\', '\\\\')) return `$'${shown.replaceAll("'", "\\'")}'`;
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
