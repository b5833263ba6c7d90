// Prints the names each entry exports. Run in a project that has the package installed, with the entries as arguments.
for (const entry of process.argv.slice(2)) {
  const names = Object.keys(await import(entry)).sort();
  if (names.length === 0) throw new Error(`${entry} exports nothing`);
  console.log(entry, names.join(' '));
}
