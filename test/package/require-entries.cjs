// The same as import-entries.mjs, from CommonJS.
for (const entry of process.argv.slice(2)) {
  const names = Object.keys(require(entry)).sort();
  if (names.length === 0) throw new Error(`${entry} exports nothing`);
  console.log(entry, names.join(' '));
}
