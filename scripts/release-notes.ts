/**
 * Prints the part of CHANGELOG.md that is about a tag's version. Fails where the tag is not that of package.json, or the version has no
 * heading with a date: there is no release without notes.
 */
import { readFile } from 'node:fs/promises';

const [tag = ''] = process.argv.slice(2);
const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { readonly version: string };
if (tag !== `v${version}`) throw new Error(`The tag is ${tag}, and package.json has the version ${version}.`);
const parts = (await readFile('CHANGELOG.md', 'utf8')).split(/^## /m);
const part = parts.find(each => each.startsWith(`[${version}] - `));
if (part === undefined) throw new Error(`CHANGELOG.md has no heading "## [${version}] - <date>".`);
console.log(part.slice(part.indexOf('\n')).trim());
