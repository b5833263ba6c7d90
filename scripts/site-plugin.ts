import { type Application, MarkdownEvent } from 'typedoc';
import { drawPicture } from './draw-marble-picture.js';
import { parsePicture, PICTURE_FENCE } from './marble-picture.js';

/** Before TypeDoc makes HTML of the Markdown. */
const FIRST = 1_000;

/** Of the documentation site: draws the marble pictures of the guides, which are text elsewhere. */
export function load(app: Application): void {
  const draw = (event: MarkdownEvent): void => {
    event.parsedText = event.parsedText.replace(
      PICTURE_FENCE,
      (_, text: string) => `<figure>${drawPicture(parsePicture(text))}</figure>\n`,
    );
  };
  app.renderer.on(MarkdownEvent.PARSE, draw, FIRST);
}
