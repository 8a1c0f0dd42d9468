// Frame times: which frame a time shows, and where to seek for a frame.

export const FRAME_EPS = 0.01; // of a frame: rounding of times must not show the frame before
export const EDGE = 1e-3; // s, the rounding of media times
export const TIME_EPS = 5e-4; // s, the same for uneven times, which travel as float32

/** Frame times: constant rate, or a list. */
export function makeTiming(rate, start, times, count) {
  const at = (k) => (rate ? start + k / rate : times[k]);
  const last = rate ? 1 / rate : count > 1 ? (times[count - 1] - times[0]) / (count - 1) : 0.04;
  return {
    count,
    rate: 1 / last,
    at,
    end: count ? at(count - 1) + last : 0,
    /** The last frame whose time has come; the first one before that; -1 without frames. */
    frame(t) {
      if (!count) return -1;
      let k;
      if (rate) k = Math.floor((t - start) * rate + FRAME_EPS);
      else {
        let low = 0;
        let high = count; // the first frame later than t
        while (low < high) {
          const mid = (low + high) >> 1;
          if (times[mid] <= t + TIME_EPS) low = mid + 1;
          else high = mid;
        }
        k = low - 1;
      }
      return Math.min(Math.max(k, 0), count - 1);
    },
    /** Where to seek for frame k: its middle, because a seek to its very start may hit the one before. */
    middle(k) {
      return rate || k + 1 >= count ? at(k) + last / 2 : (at(k) + at(k + 1)) / 2;
    },
  };
}
