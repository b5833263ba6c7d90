import type { Rule, Scope, SourceCode } from 'eslint';
import type { CallExpression, Expression, Identifier, Node, Super } from 'estree';

/**
 * What a call gives, as far as types tell: `true` for a function, as our tasks are. `undefined` where the file is linted without types, or
 * the type says nothing.
 */
export function givesFunction(call: CallExpression, { parserServices }: SourceCode): boolean | undefined {
  const { getTypeAtLocation } = parserServices as Partial<TypeServices>;
  const type = getTypeAtLocation?.(call);
  return type === undefined || (type.flags & ANY_OR_UNKNOWN) !== 0 ? undefined : type.getCallSignatures().length > 0;
}

/** As much of typescript-eslint's services as is used: they are there where the configuration has a project. */
interface TypeServices {
  readonly getTypeAtLocation: (node: Node) => { readonly flags: number; readonly getCallSignatures: () => readonly unknown[] };
}

/** `TypeFlags.Any` and `TypeFlags.Unknown` of TypeScript. */
const ANY_OR_UNKNOWN = 3;

/** What of this library stands for a nucleus of tests, whose `publish` is the cloud's: it is done at once. */
const NUCLEI: ReadonlySet<string> = new Set(['startLocalNucleus', 'LocalNucleus', 'MemoryNucleus', 'KitNucleus', 'marbles', 'MarbleKit']);

const OURS = /^greengrass-rx($|\/)/;
/** Files of the project, and libraries whose functions give what they were given. */
const MAY_PASS_A_PROXY_ON = /^[./#]|^(rxjs|fp-ts)($|\/)/;

/** A name that was imported, and from where. */
interface Imported {
  readonly module: string;
  readonly name: string;
}

/** Whether a method is called on what is known to be no proxy: a nucleus of tests, or something that another package has made. */
export function isOnAnother({ callee }: CallExpression, sourceCode: SourceCode): boolean {
  if (callee.type !== 'MemberExpression') return false;
  const receiver = ofKit(callee.object);
  const scope = sourceCode.getScope(receiver);
  const origins = receiver.type === 'Identifier' ? originsOf(receiver.name, scope) : madeBy(receiver, scope);
  return origins.some(({ module, name }) => (OURS.test(module) ? NUCLEI.has(name) : !MAY_PASS_A_PROXY_ON.test(module)));
}

/** `kit.nucleus` is the nucleus of the kit of a marble test. */
function ofKit(receiver: Expression | Super): Expression | Super {
  if (receiver.type !== 'MemberExpression' || receiver.property.type !== 'Identifier' || receiver.property.name !== 'nucleus')
    return receiver;
  return receiver.object;
}

/** What a variable was made by, or is by its type; a parameter of a function: what the function is given to. */
function originsOf(name: string, scope: Scope.Scope): readonly Imported[] {
  const variable = variableOf(name, scope);
  if (variable === undefined) return [];
  const written = variable.references.flatMap(({ writeExpr, from }) => (writeExpr ? madeBy(writeExpr, from) : []));
  const declared = variable.defs.flatMap(({ type, node, name: declaration }): readonly Imported[] => {
    const annotated = typeNameOf(declaration) ?? typeNameOf(patternOf(declaration));
    if (annotated !== undefined) return importOf(annotated, scope);
    const { parent } = node as Partial<Rule.Node>;
    // A function that is given to another library, such as a test, may be handed a proxy by it.
    return type === 'Parameter' && parent?.type === 'CallExpression'
      ? calledIn(parent, scope).filter(({ module }) => OURS.test(module))
      : [];
  });
  return [...written, ...declared];
}

/** The object pattern in which a name is declared: it has the type of what is taken apart. */
function patternOf(declaration: Node): Node {
  const { parent } = declaration as Partial<Rule.Node>;
  return parent?.type === 'Property' ? parent.parent : declaration;
}

/** The name of the type that is declared for a variable, as typescript-eslint's trees have it. */
function typeNameOf(declared: Node): string | undefined {
  const { typeAnnotation } = declared as {
    readonly typeAnnotation?: { readonly typeAnnotation?: { readonly typeName?: Partial<Identifier> } };
  };
  return typeAnnotation?.typeAnnotation?.typeName?.name;
}

/** What an expression calls, where that was imported: `await start(…)`, `new Client(…)`, `library.connect(…)`. */
function madeBy(expression: Node, scope: Scope.Scope): readonly Imported[] {
  if (expression.type === 'AwaitExpression') return madeBy(expression.argument, scope);
  return expression.type === 'CallExpression' || expression.type === 'NewExpression' ? calledIn(expression, scope) : [];
}

function calledIn({ callee }: Pick<CallExpression, 'callee'>, scope: Scope.Scope): readonly Imported[] {
  if (callee.type === 'Identifier') return importOf(callee.name, scope);
  if (callee.type !== 'MemberExpression' || callee.object.type !== 'Identifier' || callee.property.type !== 'Identifier') return [];
  const { name } = callee.property;
  return importOf(callee.object.name, scope).map(({ module }) => ({ module, name }));
}

function importOf(name: string, scope: Scope.Scope): readonly Imported[] {
  return (variableOf(name, scope)?.defs ?? []).flatMap(definition => {
    if (definition.type !== 'ImportBinding') return [];
    const { node, parent } = definition;
    const imported = node.type === 'ImportSpecifier' && node.imported.type === 'Identifier' ? node.imported.name : name;
    return [{ module: String(parent.source.value), name: imported }];
  });
}

function variableOf(name: string, scope: Scope.Scope): Scope.Variable | undefined {
  for (let at: Scope.Scope | null = scope; at !== null; at = at.upper) {
    const found = at.set.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}
