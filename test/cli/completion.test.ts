import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { inProcess } from '../kit/process/cli-in-process.js';

/** What bash offers for a line whose last word is being typed. */
async function offered(...line: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await inProcess(['completion', 'bash']);
  const words = ['greengrass-rx', ...line].map(word => `'${word}'`).join(' ');
  const script = `${stdout}COMP_WORDS=(${words}); COMP_CWORD=${line.length}; _greengrass_rx; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const bash = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' });
  expect(bash.stderr).toBe('');
  return bash.stdout.split('\n').filter(word => word !== '');
}

describe('completion', () => {
  it('offers commands, and after one its options and their choices, in bash', async () => {
    expect(await offered('do')).toEqual(['doctor']);
    expect(await offered('')).toContain('marble-test');
    expect(await offered('dev', '--ui')).toEqual(['--ui', '--ui-port']);
    expect(await offered('dev', 'cl')).toEqual(['classic']);
    expect(await offered('outbox', 'req')).toEqual(['requeue']);
    expect(await offered('sub', '--qo')).toEqual(['--qos']);
  });

  it('has a line for each of them in zsh and fish, with what it does', async () => {
    const [zsh, fish] = await Promise.all(['zsh', 'fish'].map(async shell => (await inProcess(['completion', shell])).stdout));
    expect(zsh).toMatch(/^#compdef greengrass-rx\n/);
    expect(zsh).toContain("'dev:run a component against a local nucleus'");
    expect(fish).toContain("complete -c greengrass-rx -n '__fish_use_subcommand' -a 'dev' -d 'run a component against a local nucleus'");
    expect(fish).toMatch(/-n '__fish_seen_subcommand_from dev' -l ui -d '/);
    // Each is one text between quotes.
    for (const line of (fish ?? '').trimEnd().split('\n')) expect(line.split("'")).toHaveLength(line.includes(' -a ') ? 7 : 5);
  });

  it('is for a shell that it knows', async () => {
    const { code, stderr } = await inProcess(['completion', 'tcsh']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/Allowed choices are bash, zsh, fish/);
  });
});
