// Part of the player module: the row of controls, its icons and the help. No state of its own:
// `act` does things, `update(state)` shows how they stand.

const ICONS = {
  play: ["M8 5.2v13.6c0 .8.9 1.3 1.6.9l10.6-6.8c.6-.4.6-1.4 0-1.8L9.6 4.3C8.900 3.900 8 4.400 8 5.200z", true],
  pause: ["M7 4.500h3.500v15H7zM13.500 4.500H17v15h-3.500z", true],
  back: ["M15 6l-6 6 6 6M6.500 6v12", false],
  on: ["M9 6l6 6-6 6M17.500 6v12", false],
  loop: ["M17 3l3 3-3 3M20 6H8a4 4 0 0 0-4 4v1M7 21l-3-3 3-3M4 18h12a4 4 0 0 0 4-4v-1", false],
  sound: ["M4 9.500v5h3.500L12 18.500v-13L7.500 9.500zM15.500 9a4.200 4.200 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11", false],
  whole: ["M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5", false],
  part: ["M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5", false],
  more: ["M5 12h.01M12 12h.01M19 12h.01", false],
  muted: ["M4 9.500v5h3.500L12 18.500v-13L7.500 9.500zM16 9.500l5 5M21 9.500l-5 5", false],
};
const MORE = [ // [text, action], in the menu of rare things
  ["Add a marker", "addMarker"],
  ["Loop from this frame", "loopFrom"],
  ["Loop to this frame", "loopTo"],
  ["Forget the region", "clearRegion"],
  ["Zoom into the timeline", "zoomIn"],
  ["Whole clip", "zoomAll"],
  ["Spectrogram", "toggleSpectrum"],
  ["Drift", "toggleDrift"],
  ["Save a picture", "snapshot"],
  ["Copy a link to this view", "copyLink"],
  ["Keys", "toggleHelp"],
];

function icon(name) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  const path = document.createElementNS(ns, "path");
  const [shape, filled] = ICONS[name];
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", shape);
  path.setAttribute("fill", filled ? "currentColor" : "none");
  if (!filled) path.setAttribute("stroke", "currentColor");
  svg.append(path);
  return svg;
}

/** `menu`: the root of a menu that stands in the row, too. */
function createControls(act, { sound, menu }) {
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
