import { readFileSync } from 'node:fs';
import { type Application, type Context, Converter, type DocumentReflection, MarkdownEvent, ReflectionKind } from 'typedoc';
import { drawPicture } from './draw-marble-picture.js';
import { parsePicture, PICTURE_FENCE } from './marble-picture.js';
import { placeOf } from './site-sections.js';

/** Before TypeDoc makes HTML of the Markdown. */
const FIRST = 1_000;
/** The title of README.md. The page that is made of it has one of its own, unlike those of the guides. */
const TITLE = /^# .*\n/;

/** What a module is imported by, from what TypeDoc calls it: the path of its file in `src`. */
function importNames(): ReadonlyMap<string, string> {
  const { name, exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    readonly name: string;
    readonly exports: Readonly<Record<string, string>>;
  };
  const pathOf = (file: string): string => file.replace('./dist/', '').replace(/(\/index)?\.js$/, '');
  return new Map(Object.entries(exports).map(([entry, file]) => [pathOf(file), name + entry.slice(1)]));
}

/**
 * Of the documentation site: puts each guide in its section under its title, calls each module what it is imported by, and draws the marble
 * pictures of the guides, which are text elsewhere.
 */
export function load(app: Application): void {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_: Context | undefined, guide: DocumentReflection) => {
    const { title, section } = placeOf(guide.name.replace(/^docs\//, ''));
    guide.name = title;
    guide.frontmatter['group'] = section;
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }: Context) => {
    const names = importNames();
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      const name = names.get(module.name);
      if (name === undefined) throw new Error(`The module ${module.name} is no entry of package.json.`);
      module.name = name;
    }
  });
  const prepare = (event: MarkdownEvent): void => {
    const text = event.page.url === 'index.html' ? event.parsedText.replace(TITLE, '') : event.parsedText;
    event.parsedText = text.replace(PICTURE_FENCE, (_, picture: string) => `<figure>${drawPicture(parsePicture(picture))}</figure>\n`);
  };
  app.renderer.on(MarkdownEvent.PARSE, prepare, FIRST);
}
