import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { MissingEnvironment } from '../errors/errors.js';
import type { Profile } from '../ports/mqtt-proxy.js';
import type { Schedule } from '../schedule/schedule.js';
import { checkOneOf, checkPositiveTime, checkTime, checkWhole } from '../shared/check-argument.js';
import type { TransportName } from '../shared/profile.js';

/**
 * How {@link connect} reaches the nucleus. Everything has a default, and on a device none is needed. Times are milliseconds; `Infinity`
 * means never.
 */
export interface ConnectOptions {
  /** The nucleus' Unix domain socket. Default: the variable `AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT`. */
  readonly socketPath?: string | undefined;
  /** The token of this process. Default: the variable `SVCUID`. */
  readonly authToken?: string | undefined;
  /**
   * `'socket'` over `node:net`, or `'crt'` over the native client of AWS. Default: the variable `GREENGRASS_RX_TRANSPORT`, or else
   * `'socket'`.
   */
  readonly transport?: TransportName | undefined;
  /**
   * Which nucleus it is. Default `'auto'`: recognised by the variable `AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH`, which only the classic
   * nucleus sets, or else by one request for each process, which publishes nothing and leaves an error line in the log of the nucleus.
   */
  readonly profile?: Profile | 'auto' | undefined;
  /** From the open socket to the accepted token; opening may take as long. Default 10 000. */
  readonly connectTimeout?: number | undefined;
  /** From `publish` to its answer, waiting included. Default 10 000. */
  readonly publishTimeout?: number | undefined;
  /**
   * From the subscribe request to its answer. Default 120 000: a classic nucleus withholds it until the device has reached
   * the cloud for the first time, and a first connection takes up to half a minute.
   */
  readonly subscribeTimeout?: number | undefined;
  /**
   * How long to ask Greengrass Lite again for something that it refuses and may allow in a moment: a connection when it has no room for
   * another, and an operation that it calls unauthorized while its configuration daemon starts or is away. 0: not at all. Default: the
   * variable `GREENGRASS_RX_REFUSAL_PATIENCE`, which `greengrass-rx dev` sets to 0, or else 30 000.
   */
  readonly refusalPatience?: number | undefined;
  /** Publishes in flight at once. Default by profile: classic 64, lite 8. */
  readonly inFlight?: number | undefined;
  /**
   * Publishes that may wait for their turn or for a connection, up to 32 Mi characters of them as JSON; more fail with `TooManyPublishes`.
   * Default 1 000.
   */
  readonly publishBuffer?: number | undefined;
  /** When to connect again after a connection broke. Default: from 100 ms doubling up to 30 s, with full jitter, for ever. */
  readonly reconnect?: Schedule | undefined;
  /** Where all timers run. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** {@link ConnectOptions} with defaults filled in, and the address or the reason why there is none. */
export interface ResolvedOptions {
  readonly transport: TransportName;
  readonly profile: Profile | 'auto';
  readonly connectTimeout: number;
  readonly publishTimeout: number;
  readonly subscribeTimeout: number;
  readonly refusalPatience: number;
  readonly inFlight: number | undefined;
  readonly publishBuffer: number;
  readonly reconnect: Schedule;
  /** When to subscribe again after a subscription broke and its connection did not. */
  readonly resubscribe: Schedule;
  readonly scheduler: SchedulerLike;
  readonly address: Either<MissingEnvironment, { readonly socketPath: string; readonly authToken: string }>;
}

const SOCKET_VARIABLE = 'AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT';
/**
 * The absolute path of the socket. The classic nucleus sets this for its components besides {@link SOCKET_VARIABLE}; Greengrass Lite does
 * not.
 *
 * Source: classic nucleus 2.18, IPCEventStreamService.java; Greengrass Lite 2.6, unit_file_generator.c and runner.c.
 */
const CLASSIC_SOCKET_VARIABLE = 'AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH';
const TOKEN_VARIABLE = 'SVCUID';
const TRANSPORT_VARIABLE = 'GREENGRASS_RX_TRANSPORT';
const REFUSAL_PATIENCE_VARIABLE = 'GREENGRASS_RX_REFUSAL_PATIENCE';

const TRANSPORTS: readonly TransportName[] = ['socket', 'crt'];
const PROFILES: readonly (Profile | 'auto')[] = ['auto', 'classic', 'lite'];

/** The schedules that {@link ConnectOptions.reconnect} takes the place of. */
export interface DefaultSchedules {
  readonly reconnect: Schedule;
  readonly resubscribe: Schedule;
}

/** Fills in the defaults. Throws `RangeError` or `TypeError` for an option or a variable of this library that can only be a mistake. */
export function resolveOptions(options: ConnectOptions, schedules: DefaultSchedules, env: NodeJS.ProcessEnv): ResolvedOptions {
  return {
    transport:
      options.transport === undefined ? transportOf(env[TRANSPORT_VARIABLE]) : checkOneOf(options.transport, 'transport', TRANSPORTS),
    profile: profileOf(checkOneOf(options.profile ?? 'auto', 'profile', PROFILES), options, env),
    connectTimeout: checkPositiveTime(options.connectTimeout ?? 10_000, 'connectTimeout'),
    publishTimeout: checkPositiveTime(options.publishTimeout ?? 10_000, 'publishTimeout'),
    subscribeTimeout: checkPositiveTime(options.subscribeTimeout ?? 120_000, 'subscribeTimeout'),
    refusalPatience:
      options.refusalPatience === undefined
        ? patienceOf(env[REFUSAL_PATIENCE_VARIABLE])
        : checkTime(options.refusalPatience, 'refusalPatience'),
    inFlight: options.inFlight === undefined ? undefined : checkWhole(options.inFlight, 'inFlight'),
    publishBuffer: checkWhole(options.publishBuffer ?? 1_000, 'publishBuffer'),
    reconnect: options.reconnect ?? schedules.reconnect,
    resubscribe: options.reconnect ?? schedules.resubscribe,
    scheduler: options.scheduler ?? asyncScheduler,
    address: addressOf(options, env),
  };
}

function addressOf(options: ConnectOptions, env: NodeJS.ProcessEnv): ResolvedOptions['address'] {
  const socketPath = options.socketPath ?? env[SOCKET_VARIABLE];
  if (socketPath === undefined || socketPath === '') return left(new MissingEnvironment(SOCKET_VARIABLE, 'socketPath'));
  const authToken = options.authToken ?? env[TOKEN_VARIABLE];
  if (authToken === undefined || authToken === '') return left(new MissingEnvironment(TOKEN_VARIABLE, 'authToken'));
  return right({ socketPath, authToken });
}

/** The variable counts only if it names the same socket: it may be inherited, as from a nucleus that has started a local nucleus. */
function profileOf(asked: Profile | 'auto', options: ConnectOptions, env: NodeJS.ProcessEnv): Profile | 'auto' {
  const classicSocket = env[CLASSIC_SOCKET_VARIABLE];
  if (asked !== 'auto' || classicSocket === undefined || classicSocket === '') return asked;
  return classicSocket === (options.socketPath ?? env[SOCKET_VARIABLE]) ? 'classic' : 'auto';
}

function transportOf(variable: string | undefined): TransportName {
  return variable === undefined || variable === '' ? 'socket' : checkOneOf(variable, TRANSPORT_VARIABLE, TRANSPORTS);
}

function patienceOf(variable: string | undefined): number {
  return variable === undefined || variable.trim() === '' ? 30_000 : checkTime(Number(variable), REFUSAL_PATIENCE_VARIABLE);
}
