// The same as import-entries.mjs, from CommonJS.
for (const entry of process.argv.slice(2)) {
  // `require` marks a module that has a default export.
  const names = Object.keys(require(entry))
    .filter(name => name !== '__esModule')
    .sort();
  if (names.length === 0) throw new Error(`${entry} exports nothing`);
  console.log(entry, names.join(' '));
}
