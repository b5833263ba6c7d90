import { describe, expect, test } from 'vitest';
import { stillShown } from '../../scripts/terminal.js';
import { commandsIn, difference, edited, tutorialSteps } from '../../scripts/tutorial-steps.js';

describe('a tutorial', () => {
  test('is read as what its reader does and sees, in order', () => {
    const markdown = `# A
\`\`\`sh
one   # first
two
\`\`\`

\`\`\`text
out
\`\`\`

<!-- terminal 2 -->

\`\`\`sh
stays
\`\`\`

<!-- fails -->

\`\`\`sh
wrong
\`\`\`

<!-- terminal 2 -->

\`\`\`text
late
\`\`\`

<!-- Ctrl-C terminal 2 -->
<!-- not run: needs an account -->

\`\`\`sh
aws
\`\`\`

<!-- file a.ts -->

\`\`\`diff
-x
+y
\`\`\`

<!-- file b.yaml -->

\`\`\`yaml
- z
\`\`\`

<!-- file c.ts -->

\`\`\`ts
export {};
\`\`\`

\`\`\`ts
an example
\`\`\`
`;
    expect(tutorialSteps(markdown)).toMatchObject([
      { line: 2, kind: 'commands', terminal: undefined, commands: ['one', 'two'], fails: false },
      { line: 7, kind: 'output', terminal: undefined, text: 'out\n' },
      { kind: 'commands', terminal: '2', commands: ['stays'] },
      { kind: 'commands', terminal: undefined, commands: ['wrong'], fails: true },
      { kind: 'output', terminal: '2', text: 'late\n' },
      { kind: 'ctrl-c', terminal: '2' },
      { kind: 'edit', path: 'a.ts', diff: '-x\n+y\n' },
      { kind: 'create', path: 'b.yaml', text: '- z\n' },
      { kind: 'create', path: 'c.ts', text: 'export {};\n' },
    ]);
    expect(commandsIn("pub a/b '#'\n")).toEqual(["pub a/b '#'"]);
  });

  test('changes a file in one place, which must be there', () => {
    expect(edited('a\nb\nc\n', ' a\n-b\n+x\n+$&\n c\n')).toBe('a\nx\n$&\nc\n');
    expect(() => edited('a\n', '-b\n')).toThrow('has these lines 0 times');
    expect(() => edited('a\na\n', '-a\n')).toThrow('has these lines 2 times');
  });

  test('shows what is printed: all of it, in any order, but for times, and for what … stands for', () => {
    const printed = '10:00:00.001 dev at /tmp/x/ipc.socket, 127.0.0.1:99\n10:00:00.002 A started a (pid 7)\n\n10:00:00.003 A said\n';
    const shown = '20:00:00.000 A started a (pid 1)\n20:00:00.000 dev at\n            /tmp/y/ipc.socket, 127.0.0.1:1\n20:00:00.000 A s…\n';
    expect(difference(shown, printed)).toBeUndefined();
    expect(difference('20:00:00.000 A said\n', printed)).toMatch('this is printed and not shown: 00:00:00.000 dev');
    expect(difference('…\n20:00:00.000 A said\n', printed)).toBeUndefined();
    expect(difference('…\n20:00:00.000 A spoke\n', printed)).toBe('this is shown and not printed: 00:00:00.000 A spoke');
    // Said twice it must be printed twice.
    expect(difference('…\n20:00:00.000 A said\n20:00:00.000 A said\n', printed)).toMatch('not printed');
    expect(difference('a.c', 'abc')).toMatch('not printed');
  });

  test('sees nothing of a progress that was erased, whether anything took its place or not', () => {
    const pub = '\r\u001b[K0 of 5 accepted\r\u001b[K3 of 5 accepted\r\u001b[K';
    expect(stillShown(`one\r\n${pub}5 of 5 accepted, 13/s\r\n${pub}`)).toBe('one\r\n5 of 5 accepted, 13/s\r\n');
    expect(stillShown('\u001b[32mgreen\u001b[39m ⠙')).toBe('green ');
  });
});
