import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** The folder of this package, found by its own name: what file of it this becomes a part of is for the build to say. */
export const PACKAGE_FOLDER: URL = new URL('./', pathToFileURL(createRequire(import.meta.url).resolve('greengrass-rx/package.json')));
