// Landmarks of one frame out of a packed track, and the usual extent of a track.

export const MISSING = -32768;
const UNKNOWN = 255; // of a spread

/** Points of one frame as flat x, y (NaN where missing), written into `out`. */
export function readPoints(track, frame, out) {
  const { dims, offset, scale, values } = track;
  const from = frame * track.points * dims;
  for (let i = 0; i < track.points; i += 1) {
    for (let axis = 0; axis < 2; axis += 1) {
      const value = values[from + i * dims + axis];
      out[2 * i + axis] = value === MISSING ? NaN : offset[axis] + scale[axis] * value;
    }
  }
  return out;
}

/** Spread of the landmarks of one frame times `scale` (NaN where unknown), written into `out`. */
export function readSpread(track, frame, scale, out) {
  const from = frame * track.points;
  for (let i = 0; i < track.points; i += 1) {
    const value = track.spread[from + i];
    out[i] = value === UNKNOWN ? NaN : scale * track.spreadScale * value;
  }
  return out;
}

/** Where the points lie over all frames: x0, y0, x1, y1 by percentiles, so that a bad frame does not
 * shrink the face; and the usual distances of the eye centres from each other and from the chin. */
export function trackBox(track) {
  const frames = [];
  for (let f = 0; f < track.frames; f += 1) if (track.has[f]) frames.push(f);
  if (!frames.length) return { x0: -1, y0: -1, x1: 1, y1: 1, eyes: 1, head: 1.7 };
  const stride = Math.max(1, Math.floor(frames.length / 500));
  const sides = [[], [], [], []];
  const eyes = [];
  const heads = [];
  const points = new Float64Array(track.points * 2);
  for (let n = 0; n < frames.length; n += stride) {
    readPoints(track, frames[n], points);
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < points.length; i += 2) {
      if (Number.isNaN(points[i])) continue;
      box[0] = Math.min(box[0], points[i]);
      box[1] = Math.min(box[1], points[i + 1]);
      box[2] = Math.max(box[2], points[i]);
      box[3] = Math.max(box[3], points[i + 1]);
    }
    sides.forEach((side, i) => side.push(box[i]));
    const distance = eyeDistance(track, points);
    if (distance > 0) eyes.push(distance);
    const { jaw, right_eye: right, left_eye: left } = track.layout.parts;
    if (distance > 0 && jaw) {
      const [x, y] = centre(points, [...right, ...left]);
      const height = Math.hypot(x - points[2 * jaw[8]], y - points[2 * jaw[8] + 1]);
      if (height > 0) heads.push(height);
    }
  }
  const ascending = (a, b) => a - b;
  const at = (list, q) => list.sort(ascending)[Math.round(q * (list.length - 1))];
  const [x0, y0] = [at(sides[0], 0.03), at(sides[1], 0.03)];
  const [x1, y1] = [at(sides[2], 0.97), at(sides[3], 0.97)];
  const tiny = Math.max(x1 - x0, y1 - y0, 1e-9) * 0.05;
  return {
    x0,
    y0,
    x1: Math.max(x1, x0 + tiny),
    y1: Math.max(y1, y0 + tiny),
    eyes: eyes.length ? at(eyes, 0.5) : 0,
    head: heads.length ? at(heads, 0.5) : 0,
  };
}

/** Distance of the eye centres in one frame, 0 where the scheme has no eyes or they are missing. */
function eyeDistance(track, points) {
  const { right_eye: right, left_eye: left } = track.layout.parts;
  if (!right || !left) return 0;
  const a = centre(points, right);
  const b = centre(points, left);
  const distance = Math.hypot(a[0] - b[0], a[1] - b[1]);
  return Number.isFinite(distance) ? distance : 0;
}

export function centre(points, indices) {
  let x = 0;
  let y = 0;
  for (const i of indices) {
    x += points[2 * i];
    y += points[2 * i + 1];
  }
  return [x / indices.length, y / indices.length];
}
