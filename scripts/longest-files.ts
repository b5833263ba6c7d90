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
