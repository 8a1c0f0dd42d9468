// A bar that shows which part of the clip the timeline shows.

import { element } from "./dom.js";

/** A thin bar that shows which part of the clip is on show, to be dragged; hidden while all is. */
export function createOverview(duration, moveTo) {
  const root = element("div", "sm-overview");
  const thumb = element("div", "sm-window");
  root.hidden = true;
  root.append(thumb);
  let grip = null; // where in the window the pointer holds it, in shares of the clip
  let from = 0;
  let span = 1;
  const at = (event) => {
    const box = root.getBoundingClientRect();
    return (event.clientX - box.left) / box.width;
  };
  root.addEventListener("pointerdown", (event) => {
    const share = at(event);
    grip = share >= from && share <= from + span ? share - from : span / 2;
    root.setPointerCapture(event.pointerId);
    moveTo((share - grip) * duration);
  });
  root.addEventListener("pointermove", (event) => {
    if (grip !== null) moveTo((at(event) - grip) * duration);
  });
  for (const name of ["pointerup", "pointercancel"]) root.addEventListener(name, () => (grip = null));
  return {
    root,
    place(map) {
      [from, span] = [map.from / duration, (map.to - map.from) / duration];
      root.hidden = span > 1 - 1e-9;
      thumb.style.left = `${100 * from}%`;
      thumb.style.width = `${100 * span}%`;
    },
  };
}
