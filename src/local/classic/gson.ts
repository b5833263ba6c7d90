/** JSON as Gson writes it: `=`, `<`, `>`, `&` and `'` as escapes. So a base64 payload's padding arrives as `\u003d`. */
export function gson(value: unknown): string {
  return JSON.stringify(value).replace(/[=<>&'\u2028\u2029]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
