// What the viewer can set, and its text in a URL: base64url of compact JSON of all that differs from the
// defaults. Reading accepts only known settings with allowed values.

export const SPEEDS = [0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2];
const LAYOUTS = ["grid", "overlay", "split", "difference"];
export const LONGEST_NOTE = 200;

/** What is set where nobody has set anything; of this player, `view` is always complete. */
export function defaultSettings(header) {
  return {
    rate: 1,
    loop: false, // the region, or everything
    region: null, // [a, b] seconds, on edges of frames
    muted: false,
    volume: 1,
    layout: "grid",
    split: 0.5,
    hidden: [], // parts that are not drawn
    numbers: false,
    spread: false, // circles
    trails: 0, // seconds
    ghost: false,
    shifts: [], // frames per panel
    styles: null, // per panel; null: as the page asks
    asked: null, // what the page asked for when `styles` were set
    turn: [], // [yaw, pitch] per panel
    markers: header.markers, // {time, note}, in order of time
    spectrum: false,
    curvesHidden: header.curves.flatMap((curve, i) => (curve.hidden ? [i] : [])), // positions
  };
}

const inRange = (low, high) => (v) => typeof v === "number" && v >= low && v <= high;
const whole = (low, high) => (v) => Number.isInteger(v) && v >= low && v <= high;
const isFlag = (v) => typeof v === "boolean";
const isText = (v) => typeof v === "string" && v.length <= LONGEST_NOTE;
const among = (...values) => (v) => values.includes(v);

const listOf = (check, low = 0, high = 99) => (v) =>
  Array.isArray(v) && v.length >= low && v.length <= high && v.every((x) => check(x));

const isMarker = (v) => Boolean(v) && isText(v.note) && inRange(0, 1e6)(v.time);

const CHECKS = {
  rate: among(...SPEEDS),
  loop: isFlag,
  region: (v) => listOf(inRange(0, 1e6), 2, 2)(v) && v[0] < v[1],
  layout: among(...LAYOUTS),
  split: inRange(0, 1),
  hidden: listOf(isText),
  numbers: isFlag,
  spread: isFlag,
  trails: inRange(0, 60),
  ghost: isFlag,
  shifts: listOf((v) => v === null || whole(-9999, 9999)(v)),
  styles: listOf(isText),
  turn: listOf((v) => v === null || listOf(inRange(-7, 7), 2, 2)(v)),
  splitOf: listOf(whole(0, 99), 2, 2), // the panels of the layouts of two
  differenceOf: listOf(whole(0, 99), 2, 2),
  magnify: among(1, 5, 10),
  markers: listOf(isMarker, 0, 500),
  spectrum: isFlag,
  curvesHidden: listOf(whole(0, 99)),
};

/** {view, time} as the text of the parameter; "" where nothing differs from the defaults. */
export function writeView(view, time, header) {
  const defaults = { ...defaultSettings(header), styles: view.asked };
  const differs = (name) => JSON.stringify(view[name]) !== JSON.stringify(defaults[name]);
  const kept = Object.fromEntries(
    Object.keys(CHECKS).filter((name) => view[name] !== undefined && differs(name)).map((name) => [name, view[name]]),
  );
  const from = header.start || 0;
  if (Math.abs(time - from) > 1e-4) kept.time = Math.round(time * 1e4) / 1e4;
  if (!Object.keys(kept).length) return "";
  const bytes = new TextEncoder().encode(JSON.stringify(kept));
  const text = btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(""));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The parameter read back as {view, time}; null where it is absent or nonsense. What is not a
 * setting, or not a value that the setting can have, is left out. */
export function readView(text, header) {
  let found;
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    found = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null; // other people's text: anything may stand there
  }
  if (typeof found !== "object" || found === null) return null;
  const names = Object.keys(CHECKS).filter((name) => Object.hasOwn(found, name) && CHECKS[name](found[name]));
  const view = { ...defaultSettings(header), ...Object.fromEntries(names.map((name) => [name, found[name]])) };
  view.markers = view.markers.map(({ time, note }) => ({ time, note }));
  if (view.region && view.region[0] >= header.duration) view.region = null;
  view.asked = header.panels.map((panel) => panel.style);
  return { view, time: inRange(0, header.duration)(found.time) ? found.time : header.start, playing: false };
}
