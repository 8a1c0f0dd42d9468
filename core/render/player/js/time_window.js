// The part of the clip that the timeline shows: {from, to} in seconds over `width` CSS pixels.

const SHORTEST_WINDOW = 0.4; // s

export function createTimeWindow(duration) {
  const shown = {
    from: 0,
    to: duration,
    width: 1,
    x: (t) => ((t - shown.from) / (shown.to - shown.from)) * shown.width,
    time: (x) => shown.from + (x / shown.width) * (shown.to - shown.from),
    get span() {
      return shown.to - shown.from;
    },
    get zoomed() {
      return shown.span < duration - 1e-9;
    },
    has: (time) => time >= shown.from && time <= shown.to,
    /** Show `from` to `to`, moved and cut to what there is. */
    show(from, to) {
      const span = Math.min(duration, Math.max(SHORTEST_WINDOW, to - from));
      shown.from = Math.max(0, Math.min(duration - span, from));
      shown.to = shown.from + span;
    },
    /** Shorten the window `by` a factor; the time `around` keeps its place. */
    zoom(by, around) {
      const span = Math.min(duration, Math.max(SHORTEST_WINDOW, shown.span / by));
      const share = (around - shown.from) / shown.span;
      shown.show(around - share * span, around + (1 - share) * span);
    },
    /** Move the window so that `time` is a tenth into it. */
    reveal(time) {
      const span = shown.span;
      shown.show(time - 0.1 * span, time + 0.9 * span);
    },
  };
  return shown;
}
