const CAPITALS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const SMALL = CAPITALS.toLowerCase();
/** Where letters go on when those of ASCII are used up: all of them are symbols to a diagram. */
const FURTHER = 0x100;

/** Gives one letter after another that is not taken, and takes it; capitals first, or small ones. */
export function untaken(taken: Set<string>, first: 'capitals' | 'small'): () => string {
  const letters = (first === 'capitals' ? CAPITALS + SMALL : SMALL + CAPITALS).split('');
  let further = FURTHER;
  const next = (): string => letters.shift() ?? String.fromCharCode(further++);
  return () => {
    let letter = next();
    while (taken.has(letter)) letter = next();
    taken.add(letter);
    return letter;
  };
}
