import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import type { Places } from '../../outbox/sqlite/selection.js';
import { type Cli, parseCount } from '../cli.js';
import type { ChangeOptions, ListOptions, OutputOptions, SelectOptions } from '../outbox/options.js';

const EXAMPLES = `
Examples:
  greengrass-rx outbox ls outbox.sqlite
  greengrass-rx outbox show outbox.sqlite                      # how full it is, and what became of all it ever held
  greengrass-rx outbox show outbox.sqlite 17                   # the message in place 17, with its payload
  greengrass-rx outbox verify outbox.sqlite                    # exit code 1 if anything in it is damaged
  greengrass-rx outbox export outbox.sqlite | greengrass-rx pub --ndjson
  greengrass-rx outbox requeue outbox.sqlite --all             # send what was set aside after all
  greengrass-rx outbox drop outbox.sqlite 1-20 --topic 'meters/#'

The file is outbox.sqlite in the component's work folder, or a copy of it, of outbox.sqlite-wal and of outbox.sqlite-mark.
While a component runs it has the file for itself: stop it first. Needs Node 22.13 or newer.`;

export function addOutbox(root: Command, cli: Cli): void {
  const outbox = root
    .command('outbox')
    .summary('look into the file of an outbox, and repair it')
    .description('Lists, shows, checks and exports what an outbox holds, sends again what was set aside, and drops what is not to be sent.')
    .addHelpText('after', EXAMPLES);

  command(outbox, 'ls', 'list the messages', 'all')
    .option('--aside', 'those that were set aside instead of those to be sent')
    .addOption(new Option('-n, --count <n>', 'list so many (default: 20; all with --json)').argParser(parseCount))
    .option('--json', 'a line of JSON for each message')
    .action(async (file: string, places: readonly Places[], options: ListOptions) => {
      const { listMessages } = await import('../outbox/look.js');
      await listMessages(cli, file, places, options);
    });
  command(outbox, 'show', 'show messages with their payloads; without places, the state of the outbox', 'none')
    .option('--aside', 'messages that were set aside instead of those to be sent')
    .option('--json', 'as JSON')
    .action(async (file: string, places: readonly Places[], options: OutputOptions) => {
      const { showOutbox } = await import('../outbox/look.js');
      await showOutbox(cli, file, places, options);
    });
  outbox
    .command('verify')
    .description('check everything that can be checked, and change nothing')
    .argument('<file>', FILE)
    .option('--json', 'as JSON')
    .action(async (file: string, options: OutputOptions) => {
      const { verifyOutbox } = await import('../outbox/look.js');
      verifyOutbox(cli, file, options);
    });
  command(outbox, 'export', 'write the messages as NDJSON, which pub --ndjson reads', 'all')
    .option('--aside', 'those that were set aside instead of those to be sent')
    .addOption(
      new Option('--mark <how>', 'with what a forwarder would tell the receiver, so that none counts twice').choices(['members', 'wrap']),
    )
    .action(async (file: string, places: readonly Places[], options: SelectOptions & { readonly mark?: 'members' | 'wrap' }) => {
      const { exportMessages } = await import('../outbox/look.js');
      await exportMessages(cli, file, places, options);
    });
  command(outbox, 'requeue', 'send messages that were set aside after all', 'none')
    .option('--all', 'all of them')
    .option('--json', 'as JSON')
    .action(async (file: string, places: readonly Places[], options: ChangeOptions) => {
      const { requeue } = await import('../outbox/look.js');
      requeue(cli, file, places, options);
    });
  command(outbox, 'drop', 'never send messages; the receivers are told their numbers', 'none')
    .option('--all', 'all of them')
    .option('--aside', 'forget those that were set aside instead')
    .option('--json', 'as JSON')
    .action(async (file: string, places: readonly Places[], options: ChangeOptions) => {
      const { drop } = await import('../outbox/look.js');
      drop(cli, file, places, options);
    });
}

const FILE = 'the file, such as outbox.sqlite';

/** A command for some of the messages. The help says in the words of `without` which they are where no place is given. */
function command(outbox: Command, name: string, description: string, without: 'all' | 'none'): Command {
  return outbox
    .command(name)
    .description(description)
    .argument('<file>', FILE)
    .addArgument(new Argument('[place...]', 'places as ls lists them, such as 17 or 20-35').argParser(parsePlaces).default([], without))
    .option('--topic <filter>', "those whose topic this filter matches, such as 'meters/#'");
}

function parsePlaces(text: string, before: readonly Places[]): readonly Places[] {
  const [, first = '', last = first] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(text) ?? [];
  if (first === '' || Number(last) < Number(first)) throw new InvalidArgumentError('Give a place such as 17, or several such as 20-35.');
  return [...before, { first: Number(first), last: Number(last) }];
}
