// The last values of a measurement, and their median.

const RECENT = 50; // pieces or frames over which delays are judged

/** Put a value into a list of the last `RECENT`. */
export function keepLast(list, value) {
  list.push(value);
  if (list.length > RECENT) list.shift();
}

/** The median; null of nothing. */
export const usual = (list) => (list.length ? [...list].sort((a, b) => a - b)[list.length >> 1] : null);
