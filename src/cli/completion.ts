import type { Command, Option } from 'commander';

/** Shells that words can be completed in. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A command with what may follow it. */
interface Completed {
  readonly name: string;
  readonly summary: string;
  /** What may be written anywhere behind it: commands of its own, the choices of its argument. */
  readonly words: readonly Word[];
  readonly options: readonly CompletedOption[];
}

interface Word {
  readonly text: string;
  readonly about: string;
}

interface CompletedOption extends Word {
  /** As `text`, and its short form where it has one. */
  readonly flags: readonly string[];
  /** What may stand behind it: `undefined` for an option without a value, empty for one whose value may be anything, as a file. */
  readonly values: readonly string[] | undefined;
}

const PROGRAM = 'greengrass-rx';

/** A script that completes this program's commands and options, to be read by the shell. */
export function completionScript(root: Command, shell: Shell): string {
  const commands = root.commands.map((command): Completed => ({
    name: command.name(),
    summary: oneLine(command.summary()),
    words: [
      ...command.commands.map(inner => ({ text: inner.name(), about: oneLine(inner.summary() || inner.description()) })),
      ...command.registeredArguments.flatMap(({ argChoices, description }) =>
        (argChoices ?? []).map(text => ({ text, about: oneLine(description) })),
      ),
    ],
    options: [command, ...command.commands]
      .flatMap(({ options }) => options)
      .flatMap(optionOf)
      .filter(({ text }, i, all) => all.findIndex(other => other.text === text) === i),
  }));
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](commands);
}

function optionOf({ long, short, description, argChoices, required, hidden }: Option): readonly CompletedOption[] {
  if (hidden || long === undefined) return [];
  const values = argChoices ?? (required ? [] : undefined);
  return [{ text: long, about: oneLine(description), flags: short === undefined ? [long] : [long, short], values }];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** The lines of a `case` over a command and the word before the one that is typed, for the options that take a value. */
function valueCases(commands: readonly Completed[], known: (values: readonly string[]) => string): readonly string[] {
  return commands.flatMap(({ name, options }) =>
    options.flatMap(({ flags, values }) =>
      values === undefined ? [] : [`      ${flags.map(flag => `'${name} ${flag}'`).join('|')}) ${known(values)} ;;`],
    ),
  );
}

function bashScript(commands: readonly Completed[]): string {
  return [
    `_greengrass_rx() {`,
    `  local word="\${COMP_WORDS[COMP_CWORD]}" words`,
    `  if [ "$COMP_CWORD" -eq 1 ]; then`,
    `    words='${commands.map(({ name }) => name).join(' ')}'`,
    `  else`,
    `    case "\${COMP_WORDS[1]} \${COMP_WORDS[COMP_CWORD-1]}" in`,
    ...valueCases(commands, values => `words='${values.join(' ')}'`),
    ...commands.map(
      ({ name, words, options }) => `      ${name}' '*) words='${[...words, ...options].map(({ text }) => text).join(' ')}' ;;`,
    ),
    `    esac`,
    `  fi`,
    `  COMPREPLY=($(compgen -W "$words" -- "$word"))`,
    `}`,
    `complete -o default -F _greengrass_rx ${PROGRAM}`,
    '',
  ].join('\n');
}

function zshScript(commands: readonly Completed[]): string {
  const described = ({ text, about }: Word): string => `'${text}:${about.replaceAll("'", String.raw`'\''`)}'`;
  return [
    `#compdef ${PROGRAM}`,
    `_greengrass_rx() {`,
    `  local -a known`,
    `  if (( CURRENT == 2 )); then`,
    `    known=(${commands.map(({ name, summary }) => described({ text: name, about: summary })).join(' ')})`,
    `  else`,
    `    case "$words[2] $words[CURRENT-1]" in`,
    ...valueCases(commands, values => `known=(${values.join(' ')})`),
    ...commands.map(({ name, words, options }) => `      ${name}' '*) known=(${[...words, ...options].map(described).join(' ')}) ;;`),
    `    esac`,
    `  fi`,
    `  _describe '${PROGRAM}' known || _files`,
    `}`,
    `compdef _greengrass_rx ${PROGRAM}`,
    '',
  ].join('\n');
}

function fishScript(commands: readonly Completed[]): string {
  const line = (condition: string, { about }: Word, what: string): string =>
    `complete -c ${PROGRAM} -n '${condition}' ${what} -d '${about.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
  return [
    ...commands.map(({ name, summary }) => line('__fish_use_subcommand', { text: name, about: summary }, `-f -a '${name}'`)),
    ...commands.flatMap(({ name, words, options }) => {
      const after = `__fish_seen_subcommand_from ${name}`;
      return [
        ...words.map(word => line(after, word, `-a '${word.text}'`)),
        ...options.map(option => {
          const flags = option.flags.map(flag => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ');
          const values = option.values === undefined ? '' : option.values.length === 0 ? ' -r' : ` -x -a '${option.values.join(' ')}'`;
          return line(after, option, flags + values);
        }),
      ];
    }),
    '',
  ].join('\n');
}
