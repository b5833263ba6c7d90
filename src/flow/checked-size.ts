/**
 * `sizeOf`, held to what it promises. A size that is no number makes every sum of sizes none, and every comparison with a bound false: the bound would be
 * gone without a word.
 */
export const checkedSize =
  <A>(sizeOf: (value: A) => number): ((value: A) => number) =>
  value => {
    const size = sizeOf(value);
    if (!(size >= 0 && size < Infinity)) throw new RangeError(`sizeOf must give a number of bytes from 0 on, and gave ${size}.`);
    return size;
  };
