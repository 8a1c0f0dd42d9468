// Faces drawn on a canvas. `face` = {p: flat screen points (y down, NaN where
// missing), parts: indices by name, hidden: names of the parts not to draw, eyes, head: usual distance of the
// eye centres from each other and from the chin, in screen pixels}.

export const rgb = (r, g, b) => `rgb(${Math.round(r * 255)},${Math.round(g * 255)},${Math.round(b * 255)})`;

/** The part's points as [x, y] pairs, or null where the scheme lacks it or a point is missing. */
export function partPoints(face, name) {
  const indices = face.parts[name];
  if (!indices) return null;
  const points = indices.map((i) => [face.p[2 * i], face.p[2 * i + 1]]);
  return points.every(([x, y]) => Number.isFinite(x) && Number.isFinite(y)) ? points : null;
}

/** The same, or null where the part is not to be drawn. */
export const shownPart = (face, name) => (face.hidden.has(name) ? null : partPoints(face, name));

export function polygon(ctx, points) {
  ctx.beginPath();
  points.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  ctx.closePath();
}

/** Continue the path along a smooth curve through the points (centripetal enough Catmull-Rom). */
export function curve(ctx, points, closed = false, begin = true) {
  const n = points.length;
  const at = (i) => (closed ? points[(i + n) % n] : points[Math.max(0, Math.min(n - 1, i))]);
  if (begin) ctx.moveTo(points[0][0], points[0][1]);
  for (let i = 0; i < (closed ? n : n - 1); i += 1) {
    const [a, b, c, d] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    ctx.bezierCurveTo(
      b[0] + (c[0] - a[0]) / 6, b[1] + (c[1] - a[1]) / 6,
      c[0] - (d[0] - b[0]) / 6, c[1] - (d[1] - b[1]) / 6, c[0], c[1],
    );
  }
}

export function disc(ctx, [x, y], radius, fill) {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fillStyle = fill;
  ctx.fill();
}

export const mean = (points) => [
  points.reduce((s, q) => s + q[0], 0) / points.length,
  points.reduce((s, q) => s + q[1], 0) / points.length,
];

export const mix = (a, b, t) => [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
export const move = (a, v, t) => [a[0] + v[0] * t, a[1] + v[1] * t];

/** A soft round patch of a colour given as "r,g,b". */
export function glow(ctx, [x, y], radius, colour, alpha) {
  const fade = ctx.createRadialGradient(x, y, 0, x, y, radius);
  fade.addColorStop(0, `rgba(${colour},${alpha})`);
  fade.addColorStop(1, `rgba(${colour},0)`);
  disc(ctx, [x, y], radius, fade);
}
