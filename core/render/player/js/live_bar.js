// The row of controls of the live component. No state of its own: `show` and `tell` say how things stand.

import { element } from "./dom.js";
import { icon } from "./icons.js";
import { createMeter } from "./level_meter.js";

const LABELS = { idle: "Speak", asking: "Cancel", running: "Stop", ending: "Stopping …", stopped: "Speak" };

/** `press()` is called at a click on the main button, `keep()` at one on "Keep the recording". */
export function createLiveBar(press, keep) {
  const root = element("div", "sm-controls");
  const button = element("button", "sm-button sm-speak");
  const keeper = element("button", "sm-button sm-keep", "Keep the recording");
  for (const made of [button, keeper]) made.type = "button";
  const clock = element("span", "sm-seconds");
  clock.title = "Seconds recorded";
  const meter = createMeter();
  const status = element("div", "sm-status");
  status.setAttribute("role", "status");
  root.append(button, meter.root, clock, keeper, status);
  button.addEventListener("click", press);
  keeper.addEventListener("click", keep);

  return {
    root,
    level: meter.set,
    get words() {
      return status.textContent;
    },
    tell(text, bad = false) {
      status.setAttribute("role", bad ? "alert" : "status");
      status.classList.toggle("sm-bad", bad);
      status.textContent = text;
      status.title = text;
    },
    clock(seconds) {
      clock.textContent = `${seconds.toFixed(1)} s`;
    },
    /** `state`: a key of LABELS; `keepable`: is there a recording to keep? */
    show(state, keepable) {
      const busy = state === "running" || state === "ending";
      const held = button.getRootNode().activeElement === button;
      button.replaceChildren(icon(busy ? "stop" : "speak"), element("span", "", LABELS[state]));
      button.disabled = state === "ending";
      button.classList.toggle("sm-running", state === "running");
      if (held) button.focus();
      keeper.hidden = !(keepable && state === "stopped");
      meter.root.hidden = !busy;
      clock.hidden = !busy && state !== "stopped";
    },
  };
}
