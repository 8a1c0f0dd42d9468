// From a track's own units to the screen. A map is affine, written as a canvas
// takes it: [a, b, c, d, e, f] sends (x, y) to (a x + c y + e, b x + d y + f). "Upright" units have y down.

import { centre, readPoints } from "./points.js";

const FACE_MARGIN = 0.12; // of the larger side, around all points
const TURN_MARGIN = 0.2; // the same where the face can be turned
export const UPRIGHT = [1, 0, 0, 1, 0, 0];
const TURN_STEP = Math.PI / 36;

/** First `inner`, then `outer`. */
export function compose(outer, inner) {
  const [a, b, c, d, e, f] = outer;
  const [g, h, i, j, k, l] = inner;
  return [a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * l + e, b * k + d * l + f];
}

export const scaleOf = (map) => Math.hypot(map[0], map[1]);
export const upright = (track) => (track.yUp ? [1, 0, 0, -1, 0, 0] : UPRIGHT);

/** The map that shows x0, y0, x1, y1 as large as fits, in the middle of width x height. */
export function fitBox([x0, y0, x1, y1], width, height) {
  const scale = Math.min(width / (x1 - x0), height / (y1 - y0));
  return [scale, 0, 0, scale, width / 2 - ((x0 + x1) / 2) * scale, height / 2 - ((y0 + y1) / 2) * scale];
}

/** The smallest box around what `map` makes of a box. */
export function mapBox(map, [x0, y0, x1, y1]) {
  const corners = [[x0, y0], [x1, y0], [x0, y1], [x1, y1]];
  const xs = corners.map(([x, y]) => map[0] * x + map[2] * y + map[4]);
  const ys = corners.map(([x, y]) => map[1] * x + map[3] * y + map[5]);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

export const joinBoxes = (boxes) => [
  Math.min(...boxes.map((b) => b[0])), Math.min(...boxes.map((b) => b[1])),
  Math.max(...boxes.map((b) => b[2])), Math.max(...boxes.map((b) => b[3])),
];

/** What is shown of a track: its `fit`, or all points of all frames with room around and `above`. */
export function trackView(track, fit, above = 0) {
  if (fit) return mapBox(upright(track), fit);
  const [x0, y0, x1, y1] = mapBox(upright(track), [track.box.x0, track.box.y0, track.box.x1, track.box.y1]);
  const top = y0 - above * track.box.eyes;
  const margin = (track.dims < 3 ? FACE_MARGIN : TURN_MARGIN) * Math.max(x1 - x0, y1 - top);
  return [x0 - margin, top - margin, x1 + margin, y1 + margin];
}

const ANCHORS = new WeakMap(); // track -> {eyes, mouth}

/** Usual places, over all frames, of two points that most faces share: eye centres, mouth corners. */
function usualAnchors(track) {
  if (ANCHORS.has(track)) return ANCHORS.get(track);
  const { right_eye: right, left_eye: left, outer_lip: lip } = track.layout.parts;
  const pairs = { eyes: right && left && [right, left], mouth: lip && [[lip[0]], [lip[6]]] };
  const points = new Float64Array(track.points * 2);
  const stride = Math.max(1, Math.floor(track.frames / 200));
  const found = {};
  for (const [name, pair] of Object.entries(pairs)) {
    if (!pair) continue;
    const columns = [[], [], [], []];
    for (let f = 0; f < track.frames; f += stride) {
      if (!track.has[f]) continue;
      readPoints(track, f, points);
      const row = pair.flatMap((indices) => centre(points, indices));
      if (row.every(Number.isFinite)) row.forEach((value, i) => columns[i].push(value));
    }
    if (!columns[0].length) continue;
    const [x0, y0, x1, y1] = columns.map((c) => c.sort((a, b) => a - b)[c.length >> 1]);
    const sign = track.yUp ? -1 : 1;
    if (Math.hypot(x1 - x0, y1 - y0) > 0) found[name] = [[x0, sign * y0], [x1, sign * y1]];
  }
  ANCHORS.set(track, found);
  return found;
}

/** Usual distance of the mouth corners, 0 where the scheme has none. */
export function mouthWidth(track) {
  const pair = usualAnchors(track).mouth;
  return pair ? Math.hypot(pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]) : 0;
}

/** The similarity that carries two points onto two others. */
function similarity([p, q], [r, s]) {
  const [ux, uy, vx, vy] = [q[0] - p[0], q[1] - p[1], s[0] - r[0], s[1] - r[1]];
  const square = ux * ux + uy * uy;
  const [a, b] = [(ux * vx + uy * vy) / square, (ux * vy - uy * vx) / square];
  return [a, b, -b, a, r[0] - a * p[0] + b * p[1], r[1] - b * p[0] - a * p[1]];
}

/** {map, fitted}: from a track's units to another track's upright units. Tracks of one space share them
 * already; others are fitted, once for all frames, by their usual eye centres (else mouth corners).
 * `level` keeps what is fitted from being tilted, for pictures. */
export function mapOnto(track, other, level = false) {
  if (track.space === other.space) return { map: upright(track), fitted: false };
  const [from, to] = [usualAnchors(track), usualAnchors(other)];
  const name = ["eyes", "mouth"].find((key) => from[key] && to[key]);
  if (name) {
    const target = level ? levelled(to[name], from[name]) : to[name];
    return { map: compose(similarity(from[name], target), upright(track)), fitted: true };
  }
  const boxes = [track, other].map((t) => trackView(t, null));
  const [a, b] = boxes.map(([x0, y0, x1, y1]) => [[x0, y0], [x0, y1]]);
  return { map: compose(similarity(a, b), upright(track)), fitted: true };
}

/** Two points as far apart as `pair`, around the same middle, in the direction of `along`. */
function levelled(pair, along) {
  const [[x0, y0], [x1, y1]] = pair;
  const [dx, dy] = [along[1][0] - along[0][0], along[1][1] - along[0][1]];
  const half = Math.hypot(x1 - x0, y1 - y0) / (2 * Math.hypot(dx, dy));
  const [mx, my] = [(x0 + x1) / 2, (y0 + y1) / 2];
  return [[mx - half * dx, my - half * dy], [mx + half * dx, my + half * dy]];
}

/** Points of one frame as x, y; a 3-D track turned by [yaw, pitch] around its middle, and then `depth`
 * gets how far each point lies towards the viewer, as a share of the face's reach. */
export function readTurned(track, frame, turn, out, depth) {
  readPoints(track, frame, out);
  if (track.dims < 3) return out;
  const { box, offset, scale, values } = track;
  const [cx, cy] = [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2];
  const reach = Math.max(box.x1 - box.x0, box.y1 - box.y0) / 2;
  const down = track.yUp ? -1 : 1;
  const [yaw, pitch] = turn;
  const [cosYaw, sinYaw, cosPitch, sinPitch] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  const from = frame * track.points * 3;
  for (let i = 0; i < track.points; i += 1) {
    const z = values[from + 3 * i + 2] * scale[2]; // `offset` is the middle of all z
    const x = out[2 * i] - cx;
    const y = down * (out[2 * i + 1] - cy);
    const near = z * cosYaw - x * sinYaw;
    out[2 * i] = cx + x * cosYaw + z * sinYaw;
    out[2 * i + 1] = cy + down * (y * cosPitch + near * sinPitch);
    depth[i] = (near * cosPitch - y * sinPitch) / reach;
  }
  return out;
}

/** Let the pointer and the arrow keys turn what `target` shows. `set([yaw, pitch])` takes the new turn. */
export function makeTurnable(target, get, set) {
  target.tabIndex = 0;
  target.classList.add("sm-turnable");
  target.title = "Drag to turn the face, double-click for its front";
  const to = (yaw, pitch) => set([yaw, Math.max(-Math.PI / 2, Math.min(Math.PI / 2, pitch))]);
  let from = null;
  target.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    from = { x: event.clientX, y: event.clientY, turn: get() };
    target.setPointerCapture(event.pointerId);
  });
  target.addEventListener("mousedown", (event) => {
    event.preventDefault(); // a drag leaves the arrow keys to the player
    target.closest(".sm-player").focus({ preventScroll: true });
  });
  target.addEventListener("pointermove", (event) => {
    if (!from) return;
    const per = Math.PI / Math.max(200, target.clientWidth);
    to(from.turn[0] + (event.clientX - from.x) * per, from.turn[1] + (event.clientY - from.y) * per);
  });
  const stop = () => {
    from = null;
  };
  target.addEventListener("pointerup", stop);
  target.addEventListener("pointercancel", stop);
  target.addEventListener("dblclick", () => to(0, 0));
  target.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if ((!by && event.key !== "Home") || event.ctrlKey || event.metaKey || event.altKey) return;
    const [yaw, pitch] = get();
    if (by) to(yaw + by[0] * TURN_STEP, pitch + by[1] * TURN_STEP);
    else to(0, 0);
    event.preventDefault();
    event.stopPropagation();
  });
}
