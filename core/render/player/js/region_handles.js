// The two ends of the looped region on the timeline.

import { element } from "./dom.js";

/** The two ends of the looped region: dragged, or moved by frames with the arrow keys. */
export function createHandles(view, act, timeAt) {
  const root = element("div", "sm-handles");
  const ends = ["Start", "End"].map((name, end) => {
    const handle = element("div", `sm-handle sm-handle-${name.toLowerCase()}`);
    handle.tabIndex = 0;
    handle.setAttribute("role", "slider");
    handle.setAttribute("aria-label", `${name} of the loop`);
    handle.addEventListener("pointerdown", (event) => handle.setPointerCapture(event.pointerId));
    handle.addEventListener("pointermove", (event) => {
      if (handle.hasPointerCapture(event.pointerId)) act.moveRegion(end, timeAt(event));
    });
    handle.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by) return;
      act.moveRegion(end, view.region[end], event.shiftKey ? 10 * by : by);
      event.preventDefault();
    });
    root.append(handle);
    return handle;
  });
  return {
    root,
    place(map) {
      root.hidden = !view.region;
      if (!view.region) return;
      ends.forEach((handle, end) => {
        const time = view.region[end];
        handle.hidden = time < map.from - 1e-9 || time > map.to + 1e-9;
        handle.style.left = `${map.x(time)}px`;
        handle.setAttribute("aria-valuenow", time.toFixed(3));
        handle.setAttribute("aria-valuetext", act.describe(time));
      });
    },
  };
}
