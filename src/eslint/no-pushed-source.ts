import type { Rule } from 'eslint';
import type { CallExpression, Expression, SpreadElement } from 'estree';
import { ImportedNames, methodOf } from './message-stream.js';

/** Stages that have a pull form, and drop what is pushed into them faster than they work. */
const STAGES: ReadonlySet<string> = new Set(['publishTo', 'concurrently', 'storeIn']);

/** What RxJS makes of something that could wait until it is asked. A list that is written out is short. */
const PUSHES: ReadonlySet<string> = new Set(['from', 'range', 'generate']);

/**
 * Points from `from(list).pipe(publishTo(…))` to the pull form. All of the list comes at once, the stage's buffer holds 1 000 of it, and drops the rest; what
 * can be pulled is read only when there is room.
 */
export const noPushedSource: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: { description: 'Disallow pushing a list, a file or a generator into a stage that drops what it has no room for.' },
    schema: [],
    messages: {
      pushed:
        '{{source}}(…) pushes all it has at once, and {{stage}} drops what its buffer does not hold. Pull it: pullThrough(source, {{stage}}(…)).',
    },
  },
  create: context => {
    const rxjs = new ImportedNames(['rxjs']);
    const library = new ImportedNames(['greengrass-rx', 'greengrass-rx/flow', 'greengrass-rx/outbox']);
    const importedAs = (names: ImportedNames, node: Expression | SpreadElement | CallExpression['callee']): string | undefined =>
      node.type === 'CallExpression' && node.callee.type === 'Identifier' ? names.original(node.callee.name) : undefined;
    return {
      ImportDeclaration: node => {
        rxjs.add(node);
        library.add(node);
      },
      CallExpression: node => {
        if (methodOf(node) !== 'pipe' || node.callee.type !== 'MemberExpression') return;
        const { object } = node.callee;
        const source = importedAs(rxjs, object);
        const [first] = node.arguments;
        const stage = first === undefined ? undefined : importedAs(library, first);
        if (source === undefined || !PUSHES.has(source) || stage === undefined || !STAGES.has(stage)) return;
        if (object.type === 'CallExpression' && object.arguments[0]?.type === 'ArrayExpression') return;
        context.report({ node: object, messageId: 'pushed', data: { source, stage } });
      },
    };
  },
};
