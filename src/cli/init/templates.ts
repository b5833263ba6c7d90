/** What a project can begin with. */
interface Template {
  /** In the help. */
  readonly summary: string;
  /** What the component does, for the project's README. */
  readonly about: string;
  /** Commands that talk to it while it runs, for the README. */
  readonly talk: readonly string[];
  /** The Node it needs. Default: what the package needs. */
  readonly node?: string;
  /** Scripts of package.json beside those that all projects have. */
  readonly scripts?: Readonly<Record<string, string>>;
}

export type TemplateName = 'starter' | 'bridge' | 'commander' | 'gateway';

/** By their names, each that of its folder below `template`. */
export const TEMPLATES: Readonly<Record<TemplateName, Template>> = {
  starter: {
    summary: 'local readings, summarized for the cloud; a limit that commands set',
    about: 'it summarizes the temperatures of each sensor, and takes a limit from a command. `src/component.ts` is all of it.',
    talk: [
      "npx greengrass-rx sub 'summaries/#'",
      `npx greengrass-rx pub --local --json sensors/oven/temperature '{"celsius":180}' --count 5`,
    ],
  },
  bridge: {
    summary: 'local readings of any sensor, aggregated by time, batched, to the cloud',
    about:
      'a bridge from local topics to the cloud. It summarizes what each sensor says in a period of time, and sends the summaries in as few messages as they fit in. The period follows the configuration. `src/component.ts` is all of it.',
    talk: [
      'npx greengrass-rx config set /config/period second',
      'npx greengrass-rx sub bridge/summaries',
      `npx greengrass-rx pub --local --json sensors/oven/celsius '{"value":180}'`,
    ],
  },
  commander: {
    summary: 'commands with answers, a configuration that is followed, a device shadow',
    about:
      'it switches a heater by commands, which are answered, and sets it to the temperature that its device shadow desires, up to a limit that follows the configuration. `src/component.ts` is all of it; what it does to a heater is yours to write.',
    talk: [
      "npx greengrass-rx sub 'answers/#' '$aws/things/local-thing/shadow/name/heater/update/accepted'",
      `npx greengrass-rx pub commands/7/switch '{"on":true}'`,
      `npx greengrass-rx pub '$aws/things/local-thing/shadow/name/heater/update' '{"state":{"desired":{"celsius":55}}}'`,
      'npx greengrass-rx config set /config/limit 80',
    ],
  },
  gateway: {
    summary: 'files of lines in a folder, sent through times without a connection (an outbox)',
    about:
      'it sends the lines of files that are put into the folder `inbox`. They are stored in an outbox first, and sent when the device is online; each file goes into `inbox/done` when its lines are stored. `src/component.ts` has its streams, `src/inbox.ts` reads the folder. It needs Node 22.13 or newer, on the device too.',
    talk: ['npx greengrass-rx sub gateway/lines', 'cp sample.ndjson inbox/more.part && mv inbox/more.part inbox/more.ndjson'],
    node: '>=22.13',
    scripts: { prestart: `node -e "fs.cpSync('sample.ndjson', 'inbox/sample.ndjson')"` },
  },
};
