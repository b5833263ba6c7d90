import type { Rule } from 'eslint';
import type { CallExpression, Expression, Identifier, ImportDeclaration, Node, SpreadElement } from 'estree';

/**
 * Whether a call stands in a pipeline of messages: in a function given to `onRights`, or in the `.pipe(…)` of a subscription, which is a
 * `.subscribe(…)` with a request. The work of a stage is no such pipeline: what queues there is the work on one message.
 */
function isInMessagePipeline(node: Rule.Node, library: ImportedNames): boolean {
  for (let at: Rule.Node = node; at.type !== 'Program'; at = at.parent) {
    if (at.type !== 'CallExpression') continue;
    if (at !== node && isCallOf(at, 'concurrently', library)) return false;
    if (at !== node && isCallOf(at, 'onRights', library)) return true;
    if (methodOf(at) === 'pipe' && isOnSubscription(at)) return true;
  }
  return false;
}

/** Whether a call is one of a function this library exports. */
export function isCallOf(call: CallExpression, name: string, library: ImportedNames): boolean {
  return library.called(call) === name;
}

/** Whether an argument is an object with a `topicName`, or a `topic`, as requests are. */
export function isRequest(argument: Expression | SpreadElement | undefined): boolean {
  if (argument?.type !== 'ObjectExpression') return false;
  return argument.properties.some(
    property => property.type === 'Property' && property.key.type === 'Identifier' && ['topicName', 'topic'].includes(property.key.name),
  );
}

/** The name of the method that is called, if a method is. */
export function methodOf({ callee }: CallExpression): string | undefined {
  return callee.type === 'MemberExpression' && callee.property.type === 'Identifier' ? callee.property.name : undefined;
}

/** The calls of `a.b(…).c(…)`, from its end to its beginning. */
export function callsOf(expression: CallExpression): readonly CallExpression[] {
  const { callee } = expression;
  const before = callee.type === 'MemberExpression' && callee.object.type === 'CallExpression' ? callsOf(callee.object) : [];
  return [expression, ...before];
}

/** Whether a call stands in a chain of calls that begins with a subscription. */
export function isOnSubscription(pipe: CallExpression): boolean {
  return callsOf(pipe).some(call => methodOf(call) === 'subscribe' && isRequest(call.arguments[0]));
}

/** What a file imports from some modules, by the local name: `import { mergeMap as mm } from 'rxjs'` gives `mm` → `mergeMap`. */
export class ImportedNames {
  readonly #modules: ReadonlySet<string>;
  readonly #originals = new Map<string, string>();

  constructor(modules: readonly string[]) {
    this.#modules = new Set(modules);
  }

  /** Takes note of an import declaration. */
  add(declaration: ImportDeclaration): void {
    if (!this.#modules.has(String(declaration.source.value))) return;
    for (const specifier of declaration.specifiers) {
      if (specifier.type !== 'ImportSpecifier') continue;
      const { imported, local } = specifier;
      this.#originals.set(local.name, imported.type === 'Identifier' ? imported.name : String(imported.value));
    }
  }

  /** The exported name behind a local one. */
  original(local: string): string | undefined {
    return this.#originals.get(local);
  }

  /** The exported name of the function that is called, if one of these modules exports it. */
  called(node: Node): string | undefined {
    return node.type === 'CallExpression' && node.callee.type === 'Identifier' ? this.original(node.callee.name) : undefined;
  }
}

/** A call of an operator of RxJS, by the name that RxJS gives it. */
interface OperatorCall {
  readonly node: CallExpression & Rule.NodeParentExtension;
  readonly callee: Identifier;
  readonly name: string;
  /** Whether it works on messages. */
  readonly isOnMessages: () => boolean;
}

/** Visits the calls of operators of RxJS, wherever they were imported from and whatever they are called there. */
export function onOperatorCalls(visit: (call: OperatorCall) => void): Rule.RuleListener {
  const rxjs = new ImportedNames(['rxjs', 'rxjs/operators']);
  const library = new ImportedNames(['greengrass-rx', 'greengrass-rx/flow']);
  return {
    ImportDeclaration: node => {
      rxjs.add(node);
      library.add(node);
    },
    CallExpression: node => {
      const { callee } = node;
      if (callee.type !== 'Identifier') return;
      const name = rxjs.original(callee.name);
      if (name !== undefined) visit({ node, callee, name, isOnMessages: () => isInMessagePipeline(node, library) });
    },
  };
}
