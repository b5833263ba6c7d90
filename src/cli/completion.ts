import type { Command, Option } from 'commander';

/** Shells that words can be completed in. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A command with what may follow it. */
interface Completed {
  readonly name: string;
  readonly summary: string;
  readonly words: readonly Word[];
}

interface Word {
  readonly text: string;
  readonly about: string;
}

const PROGRAM = 'greengrass-rx';

/** A script that completes this program's commands and options, to be read by the shell. */
export function completionScript(root: Command, shell: Shell): string {
  const commands = root.commands.map((command): Completed => ({
    name: command.name(),
    summary: plain(command.summary()),
    words: [
      ...command.commands.map(inner => ({ text: inner.name(), about: plain(inner.summary() || inner.description()) })),
      ...[...command.options, ...command.commands.flatMap(({ options }) => options)].flatMap(wordsOf),
    ].filter(({ text }, i, all) => all.findIndex(other => other.text === text) === i),
  }));
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](commands);
}

function wordsOf({ long, description, argChoices }: Option): readonly Word[] {
  const about = plain(description);
  return [...(long === undefined ? [] : [{ text: long, about }]), ...(argChoices ?? []).map(text => ({ text, about: `of ${long ?? ''}` }))];
}

/** A text without what could not stand between single quotes in a script. */
function plain(text: string): string {
  return text
    .replaceAll(/['\\:[\]]/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function bashScript(commands: readonly Completed[]): string {
  return [
    `_greengrass_rx() {`,
    `  local word="\${COMP_WORDS[COMP_CWORD]}" words`,
    `  if [ "$COMP_CWORD" -eq 1 ]; then`,
    `    words='${commands.map(({ name }) => name).join(' ')}'`,
    `  else`,
    `    case "\${COMP_WORDS[1]}" in`,
    ...commands.map(({ name, words }) => `      ${name}) words='${words.map(({ text }) => text).join(' ')}' ;;`),
    `    esac`,
    `  fi`,
    `  COMPREPLY=($(compgen -W "$words" -- "$word"))`,
    `}`,
    `complete -o default -F _greengrass_rx ${PROGRAM}`,
    '',
  ].join('\n');
}

function zshScript(commands: readonly Completed[]): string {
  const described = ({ text, about }: Word): string => `'${text}:${about}'`;
  return [
    `#compdef ${PROGRAM}`,
    `_greengrass_rx() {`,
    `  local -a known`,
    `  if (( CURRENT == 2 )); then`,
    `    known=(${commands.map(({ name, summary }) => described({ text: name, about: summary })).join(' ')})`,
    `  else`,
    `    case "$words[2]" in`,
    ...commands.map(({ name, words }) => `      ${name}) known=(${words.map(described).join(' ')}) ;;`),
    `    esac`,
    `  fi`,
    `  _describe '${PROGRAM}' known || _files`,
    `}`,
    `compdef _greengrass_rx ${PROGRAM}`,
    '',
  ].join('\n');
}

function fishScript(commands: readonly Completed[]): string {
  const line = (condition: string, { text, about }: Word): string =>
    `complete -c ${PROGRAM} -n '${condition}' ${text.startsWith('--') ? `-l ${text.slice(2)}` : `-a '${text}'`} -d '${about}'`;
  return [
    ...commands.map(({ name, summary }) => line('__fish_use_subcommand', { text: name, about: summary })),
    ...commands.flatMap(({ name, words }) => words.map(word => line(`__fish_seen_subcommand_from ${name}`, word))),
    '',
  ].join('\n');
}
