import { left, map, right, type Either } from 'fp-ts/lib/Either.js';
import { of } from 'rxjs';
import type { ConfigurationError } from '../client/configuration.js';
import type { Nucleus } from '../client/connect-nucleus.js';
import { ConfigurationInvalid } from '../errors/errors.js';
import { markHandled } from '../stream/unhandled.js';
import type { Component } from './component.js';
import { CONFIG_KEY, withDefaults } from './configuration.js';
import type { Log } from './log.js';
import { Followed, type RunContext } from './run-context.js';

/** The configuration that `run` is called with, and what follows. */
export interface StartConfiguration<A> {
  readonly config: A;
  readonly config$: RunContext<A>['config$'];
}

/** A configuration that does not change while the component runs. */
export const unchanging = <A>(given: Either<ConfigurationInvalid, A>): Either<ConfigurationInvalid, StartConfiguration<A>> =>
  map((config: A) => ({ config, config$: of(right(config)) }))(given);

/**
 * Reads the configuration at the nucleus and follows it until the connection is drained or closed. A nucleus that does not offer that leaves the
 * component with its defaults, and so does an environment without a nucleus: whatever needs one says so itself.
 *
 * @param defaults what they come to alone.
 */
export const followConfiguration = <A>(
  component: Component<A>,
  nucleus: Nucleus,
  defaults: Either<ConfigurationInvalid, A>,
  log: Log,
): Promise<Either<ConfigurationError, StartConfiguration<A>>> =>
  new Promise(resolve => {
    const { config, name } = component;
    if (config === undefined) {
      resolve(unchanging(defaults));
      return;
    }
    let followed: Followed<A> | undefined;
    const start = (value: A): void => {
      followed = new Followed(value);
      resolve(right({ config: value, config$: followed.config$ }));
    };
    nucleus.configuration.value$(withDefaults(component, config), { keyPath: [CONFIG_KEY] }).subscribe({
      next: change => {
        if (change._tag === 'Right') {
          if (followed === undefined) start(change.right);
          else followed.next(change);
          return;
        }
        const error = change.left;
        markHandled(error);
        if (error._tag === 'ConfigurationInvalid') {
          if (followed === undefined) resolve(left(new ConfigurationInvalid(name, error.problems, error.cause)));
          else followed.next(left(error));
        } else if (error._tag === 'MissingEnvironment') resolve(unchanging(defaults));
        else if (error.kind === 'terminal' && followed === undefined) resolve(left(error));
        else if (error._tag === 'UnsupportedOperation')
          log.debug('the nucleus has no configurations to follow', { event: 'configuration', error });
        else log.warn(`configuration: ${error.message}`, { event: 'configuration', error });
      },
      error: (defect: unknown) => {
        log.error('the configuration is no longer followed', { event: 'configuration', error: defect });
        followed?.complete();
        resolve(unchanging(defaults));
      },
      complete: () => {
        followed?.complete();
        // For a nucleus that does not offer it; where something has been resolved before, this is not heard.
        resolve(unchanging(defaults));
      },
    });
  });
