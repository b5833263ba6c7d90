import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { DETAILED_FAULTS, FAULT_NAMES, FAULTS } from '../../src/local/faults/fault-table.js';
import { CHAOS_OCCASIONS } from '../../src/cli/chaos/run-chaos.js';
import { readScript } from '../../src/cli/chaos/read-chaos.js';
import { EXIT } from '../../src/cli/cli-error.js';
import { processCli } from '../../src/cli/cli.js';
import { program } from '../../src/cli/program.js';
import { inProcess } from '../kit/process/cli-in-process.js';
import { HAS_TERMINAL, inTerminal } from '../kit/process/pseudo-terminal.js';
import { recipeFile } from '../kit/process/recipes.js';
import { temporaryFolder } from '../kit/process/run-cli.js';

const DOCS = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');

/** The block that stands behind a mark. */
function shown(mark: string): string {
  return (
    DOCS.slice(DOCS.indexOf(`<!-- test: ${mark} -->`))
      .split('```')[1]
      ?.replace(/^text\n/, '') ?? ''
  );
}

/** Without what differs from run to run, and sorted, since output and events come by different ways. */
const normal = (text: string): readonly string[] =>
  text
    .replaceAll('\r', '')
    // A sentence that is broken into lines is one again.
    .replace(/\n {10,}(?=\S)/g, ' ')
    .replace(/\d\d:\d\d:\d\d\.\d{3}/g, 'time')
    .replace(/pid \d+/g, 'pid')
    .replace(/\S+ipc\.socket/g, 'socket')
    .replace(/127\.0\.0\.1:\d+/g, 'broker')
    .replace(/node \S*\/?(thermometer\.mjs|component\.js)/g, 'program')
    .replace(/Node \S+, \S+ \w+/g, 'Node')
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
    .sort();

describe('docs/cli.md', () => {
  test.skipIf(!HAS_TERMINAL)('shows what dev prints', async () => {
    const component = fileURLToPath(new URL('components/thermometer.mjs', import.meta.url));
    const dev = inTerminal(['dev', '--recipe', recipeFile(temporaryFolder()), '--', 'node', component], 100, { NO_COLOR: '1' });
    await dev.ended;
    expect(normal(dev.stdout())).toEqual(normal(shown('dev at 100 columns')));
  });

  test.skipIf(!HAS_TERMINAL)('shows what the doctor prints', async () => {
    const doctor = inTerminal(['doctor'], 100, { NO_COLOR: '1' });
    await doctor.ended;
    expect(normal(doctor.stdout())).toEqual(normal(shown('doctor at 100 columns')));
  });

  test('names every fault, occasion and exit code, and shows a script that can be read', () => {
    for (const word of [...FAULT_NAMES, ...CHAOS_OCCASIONS]) expect(DOCS).toContain(`\`${word}\``);
    for (const code of Object.values(EXIT)) expect(DOCS).toMatch(new RegExp(`^\\| ${code} `, 'm'));
    expect(readScript(DOCS.split('```yaml\n')[1]?.split('```')[0] ?? '', 'docs/cli.md')).toHaveLength(8);
  });

  test('lists the faults as the table has them: by what they are about, each with the word that ends it', () => {
    const lists = new Map<string, string[]>();
    const list = (about: string, entry: string): unknown => lists.set(about, [...(lists.get(about) ?? []), entry]);
    for (const [word, fault] of Object.entries(FAULTS)) list(fault.about, `\`${word}\`${'until' in fault ? ` / \`${fault.until}\`` : ''}`);
    for (const [word, { takes }] of Object.entries(DETAILED_FAULTS)) list(`with ${takes}`, `\`${word}\``);
    const shown = DOCS.replaceAll(/\s+/g, ' ');
    for (const [about, words] of lists) expect(shown).toContain(` - ${about}: ${words.join(', ')}`);
  });

  test('every command has help with examples', async () => {
    const commands = program(processCli()).commands.map(command => command.name());
    // These take nothing that an example could show.
    for (const command of commands.filter(name => !['update', 'restart', 'completion'].includes(name))) {
      const { code, stdout } = await inProcess([command, '--help']);
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`Examples:\\n {2}greengrass-rx ${command} `));
    }
  });

  test('names every command, whose help says each default once and in words', () => {
    const commands = program(processCli()).commands;
    for (const command of commands) expect(DOCS).toMatch(new RegExp(`^\\|.* \`${command.name()}\`.* \\|`, 'm'));
    const help = commands.flatMap(command => [command, ...command.commands]).map(command => command.helpInformation());
    expect(help.filter(text => /default: \[\]|\(default: [^)]*\)\s+\(default:/.test(text))).toEqual([]);
  });
});
