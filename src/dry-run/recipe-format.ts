import * as t from 'io-ts';
import { isComponentName, isComponentVersion } from '../shared/component-identity.js';
import type { AccessControl } from '../recipe/policy/access-control.js';
import type { LifecycleStepName } from '../recipe/recipe.js';

type Texts = Readonly<Record<string, string>>;

/** A step of a lifecycle: its script, or more of it. */
export type RecipeStep =
  | string
  | {
      readonly Script: string;
      readonly RequiresPrivilege?: boolean | undefined;
      readonly Skipif?: string | undefined;
      /** Seconds. */
      readonly Timeout?: number | string | undefined;
      readonly Setenv?: Texts | undefined;
    };

/** What a component does on one platform. */
export interface RecipeManifestDocument {
  readonly Name?: string | undefined;
  readonly Platform?: Texts | undefined;
  readonly Lifecycle?:
    ({ readonly Setenv?: Texts | undefined } & Readonly<Partial<Record<LifecycleStepName, RecipeStep | undefined>>>) | undefined;
  readonly Selections?: readonly string[] | undefined;
  readonly Artifacts?:
    | readonly {
        readonly Uri: string;
        readonly Unarchive?: 'NONE' | 'ZIP' | undefined;
        readonly Permission?: Partial<Readonly<Record<'Read' | 'Execute', 'NONE' | 'OWNER' | 'ALL'>>> | undefined;
        readonly Digest?: string | undefined;
        readonly Algorithm?: string | undefined;
      }[]
    | undefined;
}

/** A recipe as it is written. */
export interface RecipeDocument {
  readonly RecipeFormatVersion: '2020-01-25';
  readonly ComponentName: string;
  readonly ComponentVersion: string;
  readonly Manifests: readonly RecipeManifestDocument[];
  readonly ComponentDescription?: string | undefined;
  readonly ComponentPublisher?: string | undefined;
  readonly ComponentType?: string | undefined;
  readonly ComponentSource?: string | undefined;
  readonly ComponentConfiguration?:
    | {
        readonly DefaultConfiguration?:
          (Readonly<Record<string, unknown>> & { readonly accessControl?: AccessControl | undefined }) | undefined;
      }
    | undefined;
  readonly ComponentDependencies?:
    Readonly<Record<string, { readonly VersionRequirement: string; readonly DependencyType?: 'HARD' | 'SOFT' | undefined }>> | undefined;
  readonly Lifecycle?: Readonly<Record<string, unknown>> | undefined;
}

/** A text that a pattern takes. */
const matching = (name: string, pattern: RegExp | ((text: string) => boolean)): t.Type<string> => {
  const is = (value: unknown): value is string =>
    typeof value === 'string' && (pattern instanceof RegExp ? pattern.test(value) : pattern(value));
  return new t.Type(name, is, (value, context) => (is(value) ? t.success(value) : t.failure(value, context)), t.identity);
};

/** Members that must be there and members that may, and no others: a device leaves an unknown one out without a word. */
const only = <P extends t.Props, Q extends t.Props>(
  name: string,
  required: P,
  optional: Q,
): t.Type<t.TypeOf<t.TypeC<P>> & t.TypeOf<t.PartialC<Q>>> => {
  const members = t.intersection([t.type(required), t.partial(optional)], name);
  const known = new Set([...Object.keys(required), ...Object.keys(optional)]);
  const validate = (value: unknown, context: t.Context): t.Validation<t.TypeOf<typeof members>> => {
    const decoded = members.validate(value, context);
    if (decoded._tag === 'Left') return decoded;
    const unknown = Object.entries(value as object).filter(([key]) => !known.has(key));
    const [first] = unknown;
    if (first === undefined) return decoded;
    return t.failures(
      unknown.map(([key, actual]) => ({
        value: actual as unknown,
        context: [...context, { key, type: t.never, actual: actual as unknown }],
        message: `expected no such member of ${name}`,
      })),
    );
  };
  return new t.Type(name, members.is, validate, t.identity);
};

const TextsFormat = t.record(t.string, t.string);
const Seconds = t.union([t.Integer, t.string]);
const Permission = t.keyof({ NONE: null, OWNER: null, ALL: null });

const Step = t.union(
  [
    t.string,
    only(
      'a lifecycle step',
      { Script: t.string },
      {
        RequiresPrivilege: t.boolean,
        Skipif: matching('onpath … or exists …', /^!?\s*(onpath|exists)\s+\S/),
        Timeout: Seconds,
        Setenv: TextsFormat,
      },
    ),
  ],
  'a script, or a map with Script',
);

const Lifecycle = only(
  'Lifecycle',
  {},
  { Setenv: TextsFormat, bootstrap: Step, install: Step, run: Step, startup: Step, shutdown: Step, recover: Step },
);

const Artifact = only(
  'an artifact',
  { Uri: matching('s3://…, docker:… or another URI', /^[a-z][a-z0-9]*:\S+$/) },
  {
    Unarchive: t.keyof({ NONE: null, ZIP: null }),
    Permission: only('Permission', {}, { Read: Permission, Execute: Permission }),
    Digest: t.string,
    Algorithm: t.string,
  },
);

const Manifest = only(
  'a manifest',
  {},
  { Name: t.string, Platform: TextsFormat, Lifecycle, Selections: t.array(t.string), Artifacts: t.array(Artifact) },
);

const Policy = only('a policy', { operations: t.array(t.string), resources: t.array(t.string) }, { policyDescription: t.string });

const DefaultConfiguration = t.intersection([
  t.UnknownRecord,
  t.partial({ accessControl: t.record(t.string, t.record(t.string, Policy)) }),
]);

const Members = only(
  'a recipe',
  {
    RecipeFormatVersion: t.literal('2020-01-25'),
    ComponentName: matching('a component name', isComponentName),
    ComponentVersion: matching('a semantic version', isComponentVersion),
    Manifests: t.array(Manifest),
  },
  {
    ComponentDescription: t.string,
    ComponentPublisher: t.string,
    ComponentType: matching('aws.greengrass.generic and its kin', /^aws\.greengrass\.(generic|lambda|plugin|nucleus)$/),
    ComponentSource: t.string,
    ComponentConfiguration: only('ComponentConfiguration', {}, { DefaultConfiguration }),
    ComponentDependencies: t.record(
      t.string,
      only('a dependency', { VersionRequirement: t.string }, { DependencyType: t.keyof({ HARD: null, SOFT: null }) }),
    ),
    Lifecycle: t.UnknownRecord,
  },
);

/**
 * A component's recipe, as it is written: the members, their spelling and their types. Stricter than a device, which reads names in any case
 * and leaves out what it does not know.
 *
 * Source: AWS IoT Greengrass developer guide, "AWS IoT Greengrass component recipe reference", recipe format 2020-01-25.
 */
export const RecipeFormat: t.Type<RecipeDocument> = new t.Type(
  Members.name,
  (value): value is RecipeDocument => Members.is(value),
  (value, context) => Members.validate(value, context),
  t.identity,
);
