// When a frame of a live face is due.

import { keepLast, usual } from "./recent.js";

const CATCH_UP = 2; // ms a frame
const JUST_NOW = 12; // frames whose delay is told
const MOST_QUEUED = 250; // frames

/** When a moment of the sound was heard, by the page's clock. Pieces reach the page late now and then and
 * never early, so the earliest of the last ones tell. */
export function createHearing(rate) {
  let samples = 0;
  const origins = [];
  return {
    add(piece) {
      samples += piece.length;
      keepLast(origins, performance.now() - (1000 * samples) / rate);
    },
    seconds: () => samples / rate,
    /** Milliseconds of performance.now() at `seconds` of the sound. */
    at: (seconds) => Math.min(...origins) + 1000 * seconds,
  };
}

/** The frames of one model on their way to the screen. They come in bursts, one a piece of sound; each is due
 * as long after its sound as the latest of them come, so the face moves evenly. Where they come sooner again,
 * the face runs a little faster for a while. */
export function createPacer(fps, hearing) {
  const queue = [];
  const late = []; // ms from a frame's sound to its arrival
  const shown = []; // the same to the screen
  let wait = 0; // ms from a frame's sound to when it is due
  const age = (frame) => performance.now() - hearing.at(frame / fps);
  return {
    add(first, count, points) {
      const width = points.length / count;
      for (let i = 0; i < count; i += 1) {
        keepLast(late, age(first + i));
        queue.push({ frame: first + i, points: points.subarray(i * width, (i + 1) * width) });
      }
      if (queue.length > MOST_QUEUED) queue.splice(0, queue.length - MOST_QUEUED); // nobody is looking
    },
    /** The newest frame that is due, once; null where there is none. */
    take() {
      const latest = Math.max(...late);
      wait = Math.max(wait, latest);
      let due = null;
      while (queue.length && age(queue[0].frame) >= wait - 1) due = queue.shift();
      if (!due) return null;
      keepLast(shown, age(due.frame));
      wait = Math.max(latest, wait - Math.max(CATCH_UP, 0.1 * (wait - latest)));
      return due;
    },
    waiting: () => queue.length,
    /** Milliseconds from a sound to its face, as they usually are now; null before the first face. */
    delay: () => usual(shown.slice(-JUST_NOW)),
  };
}
