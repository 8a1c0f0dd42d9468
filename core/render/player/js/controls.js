// The row of controls, its icons and the help. No state of its own:
// `act` does things, `update(state)` shows how they stand.

import { element } from "./dom.js";
import { icon } from "./icons.js";
import { KEYS, MOUSE } from "./keys.js";
import { createMore } from "./more.js";
import { SPEEDS } from "./settings.js";

const MORE = [ // [text, action], in the menu of rare things
  ["Add a marker", "addMarker"],
  ["Loop from this frame", "loopFrom"],
  ["Loop to this frame", "loopTo"],
  ["Clear the region", "clearRegion"],
  ["Zoom into the timeline", "zoomIn"],
  ["Whole clip", "zoomAll"],
  ["Spectrogram", "toggleSpectrum"],
  ["Drift", "toggleDrift"],
  ["Save a picture", "snapshot"],
  ["Copy a link to this view", "copyLink"],
  ["Keys", "toggleHelp"],
];

/** `menu`: the root of a menu that stands in the row, too. */
export function createControls(act, { sound, menu }) {
  const root = element("div", "sm-controls");
  root.setAttribute("role", "toolbar");
  root.setAttribute("aria-label", "Playback");
  const button = (label, name, run, className = "") => {
    const made = element("button", `sm-button ${className}`.trim());
    made.type = "button";
    made.setAttribute("aria-label", label);
    made.title = label;
    if (name) made.append(icon(name));
    made.addEventListener("click", (event) => {
      run();
      if (event.detail) act.focus(); // a mouse click leaves the keys to the player
    });
    return made;
  };
  const relabel = (target, label, name) => {
    if (target.getAttribute("aria-label") === label) return;
    target.setAttribute("aria-label", label);
    target.title = label;
    target.replaceChildren(icon(name));
  };
  const play = button("Play", "play", act.toggle, "sm-play");
  const back = button("One frame back", "back", act.back);
  const on = button("One frame on", "on", act.on);
  const clock = element("div", "sm-clock");
  const seconds = element("span", "sm-seconds");
  const frame = element("span", "sm-frame");
  clock.append(seconds, frame);
  const status = element("div", "sm-status");
  status.setAttribute("role", "status");
  const speed = element("select", "sm-speed");
  speed.setAttribute("aria-label", "Speed");
  speed.title = "Speed (pitch is kept)";
  for (const rate of SPEEDS) {
    const option = element("option", "", `${rate}×`);
    option.value = String(rate);
    speed.append(option);
  }
  speed.addEventListener("change", () => act.setRate(Number(speed.value)));
  const loop = button("Loop", "loop", act.toggleLoop);
  const listen = element("button", "sm-button sm-listen", "Play with sound");
  listen.type = "button";
  listen.hidden = true;
  listen.addEventListener("click", act.listen);
  root.append(play, back, on, clock, listen, status, speed, loop);
  let mute = null;
  let volume = null;
  if (sound) {
    mute = button("Mute", "sound", act.toggleMute);
    volume = element("input", "sm-volume");
    volume.type = "range";
    volume.min = "0";
    volume.max = "1";
    volume.step = "0.05";
    volume.setAttribute("aria-label", "Volume");
    volume.addEventListener("input", () => act.setVolume(Number(volume.value)));
    root.append(mute, volume);
  }
  const whole = button("Full screen", "whole", act.toggleFullscreen);
  const more = createMore(act, MORE.filter(([, action]) => !act.without.includes(action)));
  root.append(menu, whole, more.root);

  const drift = element("div", "sm-drift");
  drift.setAttribute("role", "status");
  drift.hidden = true;
  const sheet = element("div", "sm-pop sm-help");
  sheet.hidden = true;
  sheet.setAttribute("role", "dialog");
  sheet.setAttribute("aria-label", "Keys");
  const list = element("dl");
  const rows = KEYS.filter(([, , , action]) => !act.without.includes(action)).map(([, shown, text]) => [shown, text]);
  for (const [keys, text] of [...rows, ...MOUSE]) {
    const row = element("div");
    row.append(element("dt", "", keys), element("dd", "", text));
    list.append(row);
  }
  sheet.append(list);
  return {
    root,
    sheet,
    drift,
    toggleHelp(open = sheet.hidden) {
      sheet.hidden = !open;
    },
    invite(open) {
      listen.hidden = !open;
    },
    say(text) {
      if (status.textContent !== text) status.textContent = text;
    },
    readout(time, index) {
      const [a, b] = [`${time.toFixed(3)} s`, index < 0 ? "" : `frame ${index}`];
      if (seconds.textContent !== a) seconds.textContent = a;
      if (frame.textContent !== b) frame.textContent = b;
    },
    update(state) {
      relabel(play, state.playing ? "Pause" : "Play", state.playing ? "pause" : "play");
      const loops = state.region ? "Loop the region" : "Loop";
      if (loop.title !== loops) loop.title = loops;
      loop.setAttribute("aria-label", loops);
      loop.setAttribute("aria-pressed", String(state.loop));
      speed.value = String(state.rate);
      relabel(whole, state.full ? "Leave full screen" : "Full screen", state.full ? "part" : "whole");
      if (!mute) return;
      const silent = state.muted || state.volume === 0;
      relabel(mute, silent ? "Sound on" : "Mute", silent ? "muted" : "sound");
      volume.value = String(state.muted ? 0 : state.volume);
    },
  };
}
