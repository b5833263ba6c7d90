import { type Application, type Context, Converter, type DocumentReflection, MarkdownEvent } from 'typedoc';
import { drawPicture } from './draw-marble-picture.js';
import { parsePicture, PICTURE_FENCE } from './marble-picture.js';
import { placeOf } from './site-sections.js';

/** Before TypeDoc makes HTML of the Markdown. */
const FIRST = 1_000;

/**
 * Of the documentation site: puts each guide in its section under its title, and draws the marble pictures of the guides, which are text
 * elsewhere.
 */
export function load(app: Application): void {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_: Context | undefined, guide: DocumentReflection) => {
    const { title, section } = placeOf(guide.name);
    guide.name = title;
    guide.frontmatter['group'] = section;
  });
  const draw = (event: MarkdownEvent): void => {
    event.parsedText = event.parsedText.replace(
      PICTURE_FENCE,
      (_, text: string) => `<figure>${drawPicture(parsePicture(text))}</figure>\n`,
    );
  };
  app.renderer.on(MarkdownEvent.PARSE, draw, FIRST);
}
