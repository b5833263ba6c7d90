import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Test files that take seconds, whatever their size, the longest first. Begun last, one of them would keep a process busy for as long as it
 * takes while the others have nothing left to do.
 */
export const LONGEST: readonly string[] = [
  'test/testing/differential-services/services.test.ts',
  'test/examples/examples.test.ts',
  'test/cli/control.test.ts',
  'test/testing/differential.test.ts',
  'test/cli/dev.test.ts',
  'test/cli/derived-recipe.test.ts',
  'test/cli/page/page.test.ts',
  'test/cli/build.test.ts',
  'test/flow/outcomes.test.ts',
  'test/cli/pub.test.ts',
  'test/cli/dev-broker.test.ts',
  'test/flow/properties.test.ts',
  'test/examples/outage.test.ts',
  'test/flow/publish-pace.test.ts',
  'test/cli/recipe.test.ts',
  'test/cli/init.test.ts',
];

/** Runs what takes longest first, also in a fresh clone, where vitest knows only how large the files are. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    // Projects stay one after the other: a process is for files of one.
    const projects = [...new Set(sorted.map(({ project }) => project))];
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.indexOf(relative(this.ctx.config.root, moduleId).replaceAll('\\', '/'));
      return at === -1 ? LONGEST.length : at;
    };
    return sorted.sort((a, b) => projects.indexOf(a.project) - projects.indexOf(b.project) || place(a) - place(b));
  }
}
