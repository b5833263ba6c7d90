import type { ImportDeclaration } from 'estree';

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
}
