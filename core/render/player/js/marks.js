// Landmarks drawn as lines, dots, spread, trails and numbers. `p` holds flat
// screen points, NaN where missing; `shown` = {points, edges} says which of them are drawn.

import { centre } from "./points.js";

export const PARTS = {
  jaw: ["jaw"],
  brows: ["right_brow", "left_brow"],
  nose: ["nose_bridge", "nose_base"],
  eyes: ["right_eye", "left_eye"],
  mouth: ["outer_lip", "inner_lip"],
};

export const SPREAD_REACH = 3; // radius of a circle, in spreads of its landmark
export const TRAIL_STEPS = 24; // at most so many past positions a point
const SHOWN = new WeakMap(); // layout of a scheme -> what is shown of it, by hidden parts

/** {points, edges, trail, hidden}: indices of what is drawn when the parts in `hidden` are not. */
export function shownOf(layout, hidden) {
  if (!SHOWN.has(layout)) SHOWN.set(layout, new Map());
  const known = SHOWN.get(layout);
  const key = [...hidden].sort().join();
  if (!known.has(key)) {
    const names = new Set(hidden.flatMap((part) => PARTS[part] || []));
    const gone = new Set([...names].flatMap((name) => layout.parts[name] || []));
    const all = [...Array(layout.points).keys()];
    const { outer_lip: outer, inner_lip: inner, jaw } = layout.parts;
    const moving = [...(outer || []), ...(inner || []), ...(jaw ? [jaw[8]] : [])]; // what speech moves
    known.set(key, {
      points: all.filter((i) => !gone.has(i)),
      edges: layout.edges.filter(([a, b]) => !gone.has(a) && !gone.has(b)),
      trail: (moving.length ? moving : all).filter((i) => !gone.has(i)),
      hidden: names,
    });
  }
  return known.get(key);
}

function wirePath(ctx, p, edges) {
  ctx.beginPath();
  for (const [a, b] of edges) {
    if (Number.isNaN(p[2 * a]) || Number.isNaN(p[2 * b])) continue;
    ctx.moveTo(p[2 * a], p[2 * a + 1]);
    ctx.lineTo(p[2 * b], p[2 * b + 1]);
  }
}

/** Lines; `halo` is an outline behind them; with `depth` those further away are fainter and thinner. */
export function drawWires(ctx, p, edges, { ink, width, halo = null, depth = null }) {
  ctx.lineCap = ctx.lineJoin = "round";
  ctx.strokeStyle = ink;
  if (depth) {
    const alpha = ctx.globalAlpha;
    const near = (e) => Math.max(0, Math.min(3, Math.floor((depth[e[0]] + depth[e[1]] + 1.4) * 1.6)));
    for (let layer = 0; layer < 4; layer += 1) { // far to near
      wirePath(ctx, p, edges.filter((e) => near(e) === layer));
      ctx.globalAlpha = alpha * (0.28 + 0.24 * layer);
      ctx.lineWidth = width * (0.7 + 0.15 * layer);
      ctx.stroke();
    }
    ctx.globalAlpha = alpha;
    return;
  }
  wirePath(ctx, p, edges);
  if (halo) {
    ctx.strokeStyle = halo;
    ctx.lineWidth = width * 2.3;
    ctx.stroke();
    ctx.strokeStyle = ink;
  }
  ctx.lineWidth = width;
  ctx.stroke();
}

export function drawDots(ctx, p, points, { ink, radius, halo = null, depth = null }) {
  ctx.beginPath();
  for (const i of points) {
    if (Number.isNaN(p[2 * i])) continue;
    const r = depth ? radius * Math.max(0.5, Math.min(1.4, 1 + 0.6 * depth[i])) : radius;
    ctx.moveTo(p[2 * i] + r, p[2 * i + 1]);
    ctx.arc(p[2 * i], p[2 * i + 1], r, 0, 2 * Math.PI);
  }
  if (halo) {
    ctx.strokeStyle = halo;
    ctx.lineWidth = radius * 0.93;
    ctx.stroke();
  }
  ctx.fillStyle = ink;
  ctx.fill();
}

/** The spread of landmarks: circles around them. `spread` holds the radius of each, NaN where it is unknown. */
export function drawSpread(ctx, p, points, { spread, ink, width, halo = null }) {
  ctx.beginPath();
  for (const i of points) {
    if (Number.isNaN(p[2 * i]) || Number.isNaN(spread[i])) continue;
    ctx.moveTo(p[2 * i] + spread[i], p[2 * i + 1]);
    ctx.arc(p[2 * i], p[2 * i + 1], spread[i], 0, 2 * Math.PI);
  }
  if (halo) {
    ctx.strokeStyle = halo;
    ctx.lineWidth = width * 2.3;
    ctx.stroke();
  }
  ctx.strokeStyle = ink;
  ctx.lineWidth = width;
  ctx.stroke();
}

/** Where points came from. `past` = [[age in 0..1, flat screen points], ...], oldest first. */
export function drawTrails(ctx, past, points, { ink, width }) {
  ctx.lineCap = "butt"; // ends of neighbours must not add up
  ctx.strokeStyle = ink;
  const alpha = ctx.globalAlpha;
  for (let n = 1; n < past.length; n += 1) {
    const [age, to] = past[n];
    const from = past[n - 1][1];
    ctx.globalAlpha = alpha * (0.1 + 0.5 * (1 - age) ** 1.5);
    ctx.lineWidth = width * (1 - 0.4 * age);
    ctx.beginPath();
    for (const i of points) {
      if (Number.isNaN(from[2 * i]) || Number.isNaN(to[2 * i])) continue;
      ctx.moveTo(from[2 * i], from[2 * i + 1]);
      ctx.lineTo(to[2 * i], to[2 * i + 1]);
    }
    ctx.stroke();
  }
  ctx.globalAlpha = alpha;
}

/** Where the index of each point is written, [[index, x, y], ...]: away from the middle of its part, so that
 * rings stay readable. */
export function placeNumbers(p, shown, parts, size) {
  const drawn = new Set(shown.points);
  const found = [];
  for (const [name, indices] of Object.entries(parts)) {
    const [cx, cy] = centre(p, indices);
    const away = size * (name === "inner_lip" ? -0.95 : 0.95); // the outer ring has the outside
    for (const i of indices) {
      if (!drawn.has(i) || Number.isNaN(p[2 * i])) continue;
      let [dx, dy] = [p[2 * i] - cx, p[2 * i + 1] - cy];
      if (name === "nose_bridge" || Number.isNaN(dx)) [dx, dy] = [1, 0];
      else if (name.endsWith("_brow")) [dx, dy] = [0, -1];
      const length = Math.hypot(dx, dy) || 1;
      found.push([i, p[2 * i] + (away * dx) / length, p[2 * i + 1] + (away * dy) / length]);
    }
  }
  return found;
}

/** The indices among `places` that do not cover one another. */
export function legible(places, size) {
  const kept = [];
  for (const place of places) {
    if (kept.every(([, x, y]) => Math.abs(x - place[1]) > 1.25 * size || Math.abs(y - place[2]) > 0.9 * size)) kept.push(place);
  }
  return new Set(kept.map(([i]) => i));
}

export function drawNumbers(ctx, places, { ink, halo, font, size }) {
  ctx.font = `600 ${size}px ${font}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  ctx.lineWidth = 2.5;
  ctx.strokeStyle = halo;
  ctx.fillStyle = ink;
  for (const [i, x, y] of places) {
    ctx.strokeText(String(i), x, y);
    ctx.fillText(String(i), x, y);
  }
}
