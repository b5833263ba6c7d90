import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SHELLS, type Shell } from '../../src/cli/completion.js';
import { inProcess } from '../kit/process/cli-in-process.js';
import { timeLimit } from '../../scripts/time-limit.js';
import { IS_WINDOWS } from '../kit/process/platform.js';

/**
 * What each shell runs to say what it offers: after the script in the file `$1`, for each further argument, a line with the cursor at its
 * end. A line `=` ends each.
 */
const ASK = {
  bash: [
    '--norc',
    '-c',
    `source "$1"
shift
for line; do
  eval "COMP_WORDS=($line)"
  [[ $line == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
  _greengrass_rx
  printf '%s\\n' "\${COMPREPLY[@]}" =
done`,
    'bash',
  ],
  // The one that is asked is a zsh of its own at a terminal: elsewhere it completes nothing. It writes each match between brackets, where
  // nothing else is.
  zsh: [
    '-f',
    '-c',
    `zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "autoload -Uz compinit; compinit -D -u; source \${(q)1}
compadd() { if [[ \\\${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd \\"\\$@\\"; return; fi; local -a hits; builtin compadd -A hits \\"\\$@\\"; print -l -- '<'\\$^hits'>'; builtin compadd \\"\\$@\\"; }
ask() { comppostfuncs=(asked); zle complete-word; BUFFER=; }; asked() { print ASK''ED; }; zle -N ask; bindkey '^I' ask; PROMPT=rea''dy:"
zpty -r shell said '*ready:*'
shift
for line; do
  zpty -w -n shell "$line"$'\\t'
  zpty -r shell said '*ASKED*'
  print -r -- "$said" | sed -n 's/.*<\\([^<>]*\\)>.*/\\1/p'
  print =
done
zpty -d shell`,
    'zsh',
  ],
  fish: ['--no-config', '-c', "source $argv[1]; for line in $argv[2..]; complete -C $line | string replace -r '\\t.*' ''; echo =; end"],
} as const satisfies Record<Shell, readonly string[]>;

function isHere(shell: Shell): boolean {
  // A shell of Windows has other paths than its files.
  return !IS_WINDOWS && spawnSync(shell, ['-c', 'exit 0']).error === undefined;
}

/** What the real shell offers for each of these lines, in a folder with one file, `recipe.yaml`. */
async function offered(shell: Shell, ...lines: readonly string[]): Promise<readonly (readonly string[])[]> {
  const home = mkdtempSync(join(tmpdir(), 'ggrx-completion-'));
  onTestFinished(() => {
    rmSync(home, { recursive: true });
  });
  const script = join(home, 'script');
  writeFileSync(script, (await inProcess(['completion', shell])).stdout);
  const cwd = join(home, 'project');
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'recipe.yaml'), '');
  const { stdout, stderr, error } = spawnSync(shell, [...ASK[shell], script, ...lines.map(line => `greengrass-rx ${line}`)], {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: home, TERM: 'dumb' },
    timeout: timeLimit(), // a shell that waits for ever would hold up the process of the tests
  });
  expect(error).toBeUndefined();
  expect(stderr).toBe('');
  const answers = stdout.split(/^=\n/m).map(words => words.split('\n').filter(word => word !== ''));
  return answers.slice(0, -1);
}

describe.for(SHELLS)('completion, asked of a real %s,', shell => {
  it.skipIf(!isHere(shell))(
    'offers commands first, then what may follow one: options, its own commands, its argument, and behind an option its choices',
    async () => {
      const [first, all, options, short, inner, argument, choices, shortChoices, noChoice, hidden] = await offered(
        shell,
        'do',
        '',
        'dev --ui',
        'sub -',
        'outbox req',
        'completion fi',
        'dev --profile ',
        'sub -q ',
        'dev clas',
        'pub --stdin-l',
      );
      expect(first).toEqual(['doctor']);
      expect(all).toEqual(expect.arrayContaining(['dev', 'marble-test', 'completion']));
      expect(all).not.toContain('recipe.yaml');
      expect(options).toEqual(['--ui', '--ui-port']);
      expect(short).toContain('--qos');
      expect(inner).toEqual(['requeue']);
      expect(argument).toEqual(['fish']);
      expect(choices).toEqual(['classic', 'lite']);
      expect(shortChoices).toEqual(['0', '1']);
      expect(noChoice).toEqual([]);
      expect(hidden).toEqual([]);
    },
  );

  // bash does it by itself, where the script has nothing to offer.
  it.skipIf(shell === 'bash' || !isHere(shell))('offers files behind an option that takes one', async () => {
    expect(await offered(shell, 'dev --recipe re')).toEqual([['recipe.yaml']]);
  });
});

describe('completion', () => {
  it('says what each word does, as one text between quotes, in zsh and fish', async () => {
    const [zsh, fish] = await Promise.all(['zsh', 'fish'].map(async shell => (await inProcess(['completion', shell])).stdout));
    expect(zsh).toMatch(/^#compdef greengrass-rx\n/);
    expect(zsh).toContain("'dev:run a component against a local nucleus'");
    expect(zsh).toContain(String.raw`'config:read and change a component'\''s configuration while dev runs'`);
    expect(fish).toContain("complete -c greengrass-rx -n '__fish_use_subcommand' -f -a 'dev' -d 'run a component against a local nucleus'");
    expect(fish).toContain(String.raw`-d 'read and change a component\'s configuration while dev runs'`);
  });

  it('is for a shell that it knows', async () => {
    const { code, stderr } = await inProcess(['completion', 'tcsh']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/Allowed choices are bash, zsh, fish/);
  });
});
