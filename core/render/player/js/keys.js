// The keys. One table serves the keyboard, the help and the menu.

export const KEYS = [ // [event keys, as shown, what they do, name of the action]
  [[" "], "Space", "play or pause", "toggle"],
  [["ArrowLeft", ","], "←  ,", "one frame back", "back"],
  [["ArrowRight", "."], "→  .", "one frame on", "on"],
  [["Shift+ArrowLeft"], "Shift ←", "ten frames back", "tenBack"],
  [["Shift+ArrowRight"], "Shift →", "ten frames on", "tenOn"],
  [["Home"], "Home", "first frame", "first"],
  [["End"], "End", "last frame", "last"],
  [["-"], "−", "slower", "slower"],
  [["+", "="], "+", "faster", "faster"],
  [["["], "[", "loop from this frame", "loopFrom"],
  [["]"], "]", "loop to this frame", "loopTo"],
  [["l"], "L", "loop on or off", "toggleLoop"],
  [["\\"], "\\", "forget the region", "clearRegion"],
  [["m"], "M", "mute", "toggleMute"],
  [["n"], "N", "add a marker", "addMarker"],
  [["g"], "G", "spectrogram", "toggleSpectrum"],
  [["i"], "I", "zoom into the timeline", "zoomIn"],
  [["o"], "O", "zoom out", "zoomOut"],
  [["0"], "0", "whole clip", "zoomAll"],
  [["s"], "S", "save a picture", "snapshot"],
  [["d"], "D", "drift", "toggleDrift"],
  [["f"], "F", "full screen", "toggleFullscreen"],
  [["?"], "?", "these keys", "toggleHelp"],
];

export const MOUSE = [
  ["Shift drag", "on the timeline: loop a region"],
  ["Ctrl wheel", "on the timeline: zoom; wheel: move"],
  ["Delete", "on a marker: remove it"],
  ["Drag", "a 3-D face: turn it; double click: front"],
  ["Tab, arrows", "turn a 3-D face, move a split"],
];

const ACTION_OF = new Map(KEYS.flatMap(([names, , , action]) => names.map((name) => [name, action])));
const REPEATED = new Set(["back", "on", "tenBack", "tenOn", "slower", "faster", "zoomIn", "zoomOut"]); // while held

/** The key shown for an action, "" where it has none. */
export function keyOf(action) {
  const row = KEYS.find((entry) => entry[3] === action);
  return row ? row[1] : "";
}

/**
 * Send keys to `act` while the focus is inside `shell`, or the pointer is over it and the focus nowhere.
 * Keys typed into a field, and those that a focused control needs itself, stay theirs.
 */
export function listenToKeys(shell, act) {
  let hovered = false;
  const enter = () => (hovered = true);
  const leave = () => (hovered = false);
  const onKey = (event) => { // an action that returns false leaves the key to others
    const path = event.composedPath();
    const target = path[0];
    const inside = path.includes(shell);
    if (!inside && !(hovered && (target === document.body || target === document.documentElement))) return;
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    if ((modified && !event.getModifierState("AltGraph")) || event.defaultPrevented) return;
    if (inside && keepsKey(target, event.key)) return;
    const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const name = event.shiftKey && letter.startsWith("Arrow") ? `Shift+${letter}` : letter;
    const action = event.key === "Escape" ? "closeHelp" : ACTION_OF.get(name);
    if (!action || act.without.includes(action)) return;
    if (event.repeat && !REPEATED.has(action)) return event.preventDefault();
    if (act[action]() === false) return;
    event.preventDefault();
    event.stopPropagation();
  };
  document.addEventListener("keydown", onKey);
  shell.addEventListener("pointerenter", enter);
  shell.addEventListener("pointerleave", leave);
  return () => {
    document.removeEventListener("keydown", onKey);
    shell.removeEventListener("pointerenter", enter);
    shell.removeEventListener("pointerleave", leave);
  };
}

function keepsKey(target, key) {
  const tag = target.tagName;
  if (tag === "SELECT" || tag === "TEXTAREA" || target.isContentEditable) return true;
  if (tag === "INPUT" && target.type !== "range") return true;
  if (tag === "INPUT") return key.startsWith("Arrow") || key === "Home" || key === "End";
  return tag === "BUTTON" && (key === " " || key === "Enter");
}
