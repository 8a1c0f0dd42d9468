// The line between the two sides of the split layout.

import { element } from "./dom.js";

const DIVIDER_STEP = 0.01;

/** The line between the two sides: a slider for the mouse and the arrow keys. */
export function createDivider(stage, get, set) {
  const root = element("div", "sm-divider");
  root.tabIndex = 0;
  root.setAttribute("role", "slider");
  root.setAttribute("aria-label", "Line between the two sides");
  root.setAttribute("aria-valuemin", "0");
  root.setAttribute("aria-valuemax", "100");
  stage.append(root);
  const to = (value) => set(Math.round(Math.max(0, Math.min(1, value)) * 1e4) / 1e4);
  let held = false;
  root.addEventListener("pointerdown", (event) => {
    held = !event.button;
    if (held) root.setPointerCapture(event.pointerId);
  });
  root.addEventListener("pointermove", (event) => {
    if (!held) return;
    const box = stage.getBoundingClientRect();
    to((event.clientX - box.left) / box.width);
  });
  const stop = () => {
    held = false;
  };
  root.addEventListener("pointerup", stop);
  root.addEventListener("pointercancel", stop);
  root.addEventListener("dblclick", () => to(0.5));
  root.addEventListener("keydown", (event) => {
    const by = (event.shiftKey ? 10 : 1) * DIVIDER_STEP;
    const next = { ArrowLeft: get() - by, ArrowRight: get() + by, Home: 0, End: 1 }[event.key];
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    to(next);
    event.preventDefault();
    event.stopPropagation();
  });
  return {
    root,
    update() {
      if (root.style.left === `${100 * get()}%`) return;
      root.style.left = `${100 * get()}%`;
      root.setAttribute("aria-valuenow", String(Math.round(100 * get())));
    },
  };
}
