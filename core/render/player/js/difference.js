// How far the points of one subject lie from those of another, as numbers and drawn.

import { rgb } from "./brush.js";
import { mouthWidth } from "./camera.js";
import { shownOf } from "./marks.js";
import { FRONT } from "./subject.js";

const SCALE_ENDS = [0.5, 1, 2, 5, 10, 20, 50, 100]; // % of the eye distance

/** Distances between two subjects' points in % of the usual eye distance of `base`. Of tracks of one space
 * with depth they are taken in all three directions. */
export function measureBetween(a, b, base) {
  const [p, q] = [a, b].map((m) => m.subject.track);
  const pairs = [];
  for (const [name, indices] of Object.entries(p.layout.parts)) {
    const others = q.layout.parts[name];
    if (others && others.length === indices.length) indices.forEach((i, k) => pairs.push([i, others[k]]));
  }
  const buffers = [p, q].map((track) => new Float64Array(track.points * 2));
  const deep = p.dims === 3 && q.dims === 3 && !a.fitted && !b.fitted;
  const size = base.track.box.eyes || mouthWidth(base.track) || 1;
  const z = (track, frame, i) => track.offset[2] + track.scale[2] * track.values[(frame * track.points + i) * 3 + 2];
  const distances = (f, g, chosen) => {
    const [from, to] = [a, b].map((m, k) => m.subject.place(m.map, FRONT, buffers[k], k ? g : f));
    return chosen.map(([i, j]) => {
      const depth = deep ? z(p, f, i) - z(q, g, j) : 0;
      return (100 * Math.hypot(from[2 * i] - to[2 * j], from[2 * i + 1] - to[2 * j + 1], depth)) / size;
    });
  };
  const sample = [];
  const stride = Math.max(1, Math.floor(p.frames / 100));
  for (let f = 0; f < p.frames; f += stride) {
    sample.push(...distances(f, q.timing.frame(p.timing.at(f)), pairs).filter((d) => !Number.isNaN(d)));
  }
  const high = sample.sort((x, y) => x - y)[Math.floor(0.99 * (sample.length - 1))] || 1;
  return {
    unit: base.track.box.eyes ? "eye distance" : "mouth width",
    end: SCALE_ENDS.find((v) => v >= high) || 100, // of the colours
    at(f, g, hidden) {
      const shown = new Set(shownOf(p.layout, hidden).points);
      const chosen = pairs.filter(([i]) => shown.has(i));
      const all = distances(f, g, chosen);
      const found = all.filter((d) => !Number.isNaN(d));
      const largest = Math.max(...found);
      return {
        pairs: chosen,
        distances: all,
        mean: found.reduce((sum, d) => sum + d, 0) / found.length,
        largest,
        worst: found.length ? chosen[all.indexOf(largest)][0] : -1,
      };
    },
  };
}

/** The colours of the distances and where they end, in the corner. */
export function drawScale(ctx, { height }, end, theme) {
  const [x, y, width] = [14, height - 16, 120];
  const colours = ctx.createLinearGradient(x, 0, x + width, 0);
  for (let i = 0; i <= 8; i += 1) colours.addColorStop(i / 8, heatColour(i / 8));
  ctx.fillStyle = colours;
  ctx.beginPath();
  ctx.roundRect(x, y, width, 6, 3);
  ctx.fill();
  ctx.font = `11px ${theme.font}`;
  ctx.fillStyle = theme.text;
  ctx.textBaseline = "alphabetic";
  ctx.textAlign = "left";
  ctx.fillText("0", x, y - 5);
  ctx.textAlign = "right";
  ctx.fillText(`${end} %`, x + width, y - 5);
}

/** Lines from `from` to `times` as far as `to` lies, and a dot at their ends; both lists of [x, y] on the
 * screen. Colour and size of a dot grow with `shares`, its distance as a share of the scale's end. */
export function drawDifference(ctx, from, to, shares, times) {
  ctx.lineCap = "round";
  const order = shares.map((_, i) => i).sort((a, b) => shares[a] - shares[b]); // the worst on top
  for (const i of order) {
    const [x, y] = [0, 1].map((axis) => from[i][axis] + times * (to[i][axis] - from[i][axis]));
    if (Number.isNaN(x + y)) continue;
    const share = Math.min(1, shares[i]);
    ctx.strokeStyle = ctx.fillStyle = heatColour(share);
    ctx.lineWidth = 1.4 + 0.8 * share;
    ctx.beginPath();
    ctx.moveTo(from[i][0], from[i][1]);
    ctx.lineTo(x, y);
    ctx.stroke();
    ctx.beginPath();
    ctx.arc(x, y, 2.2 + 2 * share, 0, 2 * Math.PI);
    ctx.fill();
  }
}

/** From quiet grey to vermilion, told apart on light and dark ground; the dot's size says the same. */
function heatColour(share) {
  const stops = [[140, 148, 156], [230, 159, 0], [213, 94, 0]];
  const at = Math.max(0, Math.min(0.9999, share)) * (stops.length - 1);
  const [a, b] = [stops[Math.floor(at)], stops[Math.floor(at) + 1]];
  return rgb(...a.map((v, i) => (v + (b[i] - v) * (at % 1)) / 255));
}
