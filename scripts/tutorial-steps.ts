/** What a reader of a tutorial does and sees, in order. Lines are those of the file, for complaints. */
export type TutorialStep = { readonly line: number } &
  /** Types commands, in a terminal of this name. The one without a name is waited for. */
  (
    | { readonly kind: 'commands'; readonly terminal: string | undefined; readonly commands: readonly string[]; readonly fails: boolean }
    /** Sees this in the terminal. */
    | { readonly kind: 'output'; readonly terminal: string | undefined; readonly text: string }
    | { readonly kind: 'ctrl-c'; readonly terminal: string }
    /** Changes a file as a diff says. */
    | { readonly kind: 'edit'; readonly path: string; readonly diff: string }
    /** Writes a file. */
    | { readonly kind: 'create'; readonly path: string; readonly text: string }
    /** Looks at a part of a file. */
    | { readonly kind: 'excerpt'; readonly path: string; readonly text: string }
  );

/**
 * Reads a tutorial. What the words around a fence say to people, a comment in front of it says here:
 *
 *     <!-- terminal 2 -->        the `sh` fence is typed, or the `text` fence is seen, in another terminal, which stays open <!-- Ctrl-C
 *     terminal 2 --> it is ended <!-- file src/x.ts -->     the `diff` fence is a change to it, the `yaml` or `ts` fence all of it, the
 *     `ts excerpt` fence a part of it <!-- fails -->             the command of the `sh` fence ends with another code than 0 <!-- not run:
 *     why -->      the `sh` fence needs what a check does not have
 */
export function tutorialSteps(markdown: string): readonly TutorialStep[] {
  const steps: TutorialStep[] = [];
  const parts = /^<!-- (?<comment>.*?) -->$|^```(?<language>\w+(?: excerpt)?)\n(?<text>[^]*?)^```$/gm;
  let comment = '';
  let latest: string | undefined;
  for (const match of markdown.matchAll(parts)) {
    const line = markdown.slice(0, match.index).split('\n').length;
    const { language, text = '' } = match.groups ?? {};
    if (language === undefined) {
      comment = match.groups?.['comment'] ?? '';
      const [, terminal] = /^Ctrl-C terminal (\w+)$/.exec(comment) ?? [];
      if (terminal !== undefined) steps.push({ line, kind: 'ctrl-c', terminal });
      continue;
    }
    const [, terminal] = /^terminal (\w+)$/.exec(comment) ?? [];
    const [, path = ''] = /^file (\S+)$/.exec(comment) ?? [];
    if (language === 'sh' && !comment.startsWith('not run: ')) {
      steps.push({ line, kind: 'commands', terminal, commands: commandsIn(text), fails: comment === 'fails' });
      latest = terminal;
    } else if (language === 'text') steps.push({ line, kind: 'output', terminal: terminal ?? latest, text });
    else if (language === 'diff') steps.push({ line, kind: 'edit', path, diff: text });
    else if (language === 'yaml' || (language === 'ts' && path !== '')) steps.push({ line, kind: 'create', path, text });
    else if (language === 'ts excerpt') steps.push({ line, kind: 'excerpt', path, text });
    comment = '';
  }
  return steps;
}

/** The commands of a fence, without the remarks behind them. */
export function commandsIn(fence: string): readonly string[] {
  return fence
    .split('\n')
    .map(line => line.replace(/\s+# .*$/, '').trim())
    .filter(line => line !== '');
}

/** A text after the change that a diff shows: lines that go (`-`), that come (`+`), and some of those between (` `). */
export function edited(text: string, diff: string): string {
  const lines = diff.split('\n').filter((line, i, all) => i < all.length - 1 || line !== '');
  const side = (sign: '-' | '+'): string =>
    lines
      .filter(line => !line.startsWith(sign === '-' ? '+' : '-'))
      .map(line => `${line.slice(1)}\n`)
      .join('');
  const before = side('-');
  if (text.split(before).length !== 2) throw new Error(`the file has these lines ${text.split(before).length - 1} times:\n${before}`);
  return text.replace(before, () => side('+'));
}

/** What is printed, line by line, without what differs from run to run. A sentence that was broken into lines is one again. */
export function comparable(text: string): readonly string[] {
  return text
    .replaceAll('\r', '')
    .replace(/\n {10,}(?=\S)/g, ' ')
    .split('\n')
    .map(line =>
      line
        .replace(/\d\d:\d\d:\d\d\.\d{3}/g, '00:00:00.000')
        .replace(/\(pid \d+\)/g, '(pid 0)')
        .replace(/\S+\/ipc\.socket/g, '/tmp/ipc.socket')
        .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:0')
        .trimEnd(),
    )
    .filter(line => line !== '');
}

/**
 * How what was printed differs from what is shown; `undefined`: it does not. In what is shown, `…` stands for any part of a line, and as a
 * line of its own for any others. The order is left open: what a component prints and what happens in the nucleus come by different ways.
 */
export function difference(shown: string, printed: string): string | undefined {
  const others = [...comparable(printed)];
  const lines = comparable(shown);
  for (const line of lines.filter(each => each.trim() !== '…')) {
    const pattern = new RegExp(`^${line.split('…').map(escaped).join('.*')}$`);
    const found = others.findIndex(other => pattern.test(other));
    if (found < 0) return `this is shown and not printed: ${line}`;
    others.splice(found, 1);
  }
  const isOpen = lines.some(line => line.trim() === '…');
  return isOpen || others[0] === undefined ? undefined : `this is printed and not shown: ${others[0]}`;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
