// Tells the page and its URL what the viewer has done, once that has settled and never while playing.

import { writeView } from "./settings.js";

const SETTLED = 350; // ms without change before a paused position is reported

/** `onEvent(name, value)` as in player.js. */
export function createReport(parts, onEvent) {
  const { view } = parts;
  let settling = 0;
  let writing = 0;
  let time = null; // as reported last
  let markers = view.markers; // the same
  const report = {
    /** Has a position been reported before? */
    get begun() {
      return time !== null;
    },
    get pending() {
      return view.markers !== markers;
    },
    now() {
      report.cancel();
      report.writeUrl();
      const exact = parts.transport.exactTime();
      if (exact !== time) onEvent("time", (time = exact));
      if (report.pending) onEvent("markers", (markers = view.markers));
    },
    later() {
      report.cancel();
      settling = setTimeout(() => {
        if (parts.alive && parts.timeline.dragging) report.later();
        else if (parts.alive && !parts.clock.playing) report.now();
      }, SETTLED);
    },
    cancel: () => clearTimeout(settling),
    /** Bring the page's URL in line with what is shown. */
    writeUrl() {
      clearTimeout(writing);
      writing = setTimeout(() => {
        if (!parts.alive || parts.clock.playing) return;
        parts.permalink.write(writeView(view, parts.transport.exactTime(), parts.data.header));
      }, SETTLED);
    },
    destroy() {
      clearTimeout(settling);
      clearTimeout(writing);
    },
  };
  return report;
}
