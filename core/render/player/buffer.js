// Part of the player module (see __init__.py): reading the packed buffer, and which frame a time shows.

const MISSING = -32768;
const UNKNOWN = 255; // of a spread
const FRAME_EPS = 0.01; // of a frame: rounding of times must not show the frame before
const TIME_EPS = 5e-4; // s, the same for uneven times, which travel as float32

/** The buffer of pack.py as {header, tracks, videoClock, peaks}. Points stay int16 until drawn. */
function readBuffer(bytes) {
  const copy = bytes.slice(); // own memory, so that every section is aligned
  const view = new DataView(copy.buffer);
  const length = view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(copy.subarray(4, 4 + length)));
  const base = 4 + length;
  const floats = (s) => (s ? new Float32Array(copy.buffer, base + s.offset, s.count) : null);
  const bytes8 = (s) => (s ? new Uint8Array(copy.buffer, base + s.offset, s.count) : null);
  const tracks = header.tracks.map((entry) => {
    const track = {
      ...entry,
      values: new Int16Array(copy.buffer, base + entry.data.offset, entry.data.count),
      times: floats(entry.times),
      spread: bytes8(entry.spread), // null in buffers from before landmarks had a spread
      spreadScale: entry.spread ? entry.spread.scale : 0,
      layout: header.schemes[entry.scheme],
    };
    track.has = new Uint8Array(track.frames); // frames with at least one point
    const width = track.points * entry.dims;
    for (let f = 0; f < track.frames; f += 1) {
      for (let i = 0; i < width; i += entry.dims) {
        if (track.values[f * width + i] !== MISSING) {
          track.has[f] = 1;
          break;
        }
      }
    }
    track.timing = makeTiming(entry.rate, entry.start, track.times, track.frames);
    track.box = trackBox(track);
    return track;
  });
  const video = header.video;
  const videoTimes = floats(video.times);
  let stepping = null;
  if (videoTimes) stepping = makeTiming(video.rate, video.start, videoTimes, videoTimes.length);
  else if (video.rate) {
    stepping = makeTiming(video.rate, 0, null, Math.max(1, Math.round(header.duration * video.rate)));
  } else if (tracks.length && tracks[0].frames) stepping = tracks[0].timing;
  else stepping = makeTiming(25, 0, null, Math.max(1, Math.round(header.duration * 25)));
  const curves = header.curves.map((c) => ({ ...c, times: floats(c.times), values: floats(c.values) }));
  return { header, tracks, stepping, curves, peaks: floats(header.peaks), spectrum: bytes8(header.spectrum) };
}

/** Frame times: constant rate, or a list. */
function makeTiming(rate, start, times, count) {
  const at = (k) => (rate ? start + k / rate : times[k]);
  const last = rate ? 1 / rate : count > 1 ? (times[count - 1] - times[0]) / (count - 1) : 0.04;
  return {
    count,
    rate: 1 / last,
    at,
    end: count ? at(count - 1) + last : 0,
    /** The last frame whose time has come; the first one before that; -1 without frames. */
    frame(t) {
      if (!count) return -1;
      let k;
      if (rate) k = Math.floor((t - start) * rate + FRAME_EPS);
      else {
        let low = 0;
        let high = count; // the first frame later than t
        while (low < high) {
          const mid = (low + high) >> 1;
          if (times[mid] <= t + TIME_EPS) low = mid + 1;
          else high = mid;
        }
        k = low - 1;
      }
      return Math.min(Math.max(k, 0), count - 1);
    },
    /** Where to seek for frame k: its middle, because a seek to its very start may hit the one before. */
    middle(k) {
      return rate || k + 1 >= count ? at(k) + last / 2 : (at(k) + at(k + 1)) / 2;
    },
  };
}

/** Points of one frame as flat x, y (NaN where missing), written into `out`. */
function readPoints(track, frame, out) {
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
function readSpread(track, frame, scale, out) {
  const from = frame * track.points;
  for (let i = 0; i < track.points; i += 1) {
    const value = track.spread[from + i];
    out[i] = value === UNKNOWN ? NaN : scale * track.spreadScale * value;
  }
  return out;
}

/** Where the points lie over all frames: x0, y0, x1, y1 by percentiles, so that a bad frame does not
 * shrink the face; and the usual distances of the eye centres from each other and from the chin. */
function trackBox(track) {
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

function centre(points, indices) {
  let x = 0;
  let y = 0;
  for (const i of indices) {
    x += points[2 * i];
    y += points[2 * i + 1];
  }
  return [x / indices.length, y / indices.length];
}

/** Content hash of the bytes, a multiple of 4 (two FNV-1a lanes over words), to recognise the same data again. */
function hashBytes(bytes) {
  const from = bytes.byteOffset % 4 ? bytes.slice() : bytes;
  const words = new Uint32Array(from.buffer, from.byteOffset, from.length >> 2);
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let i = 0; i < words.length; i += 1) {
    a = Math.imul(a ^ words[i], 0x01000193);
    b = Math.imul(b ^ words[i], 0x85ebca6b) + 1;
  }
  return `${bytes.length}-${a >>> 0}-${b >>> 0}`;
}
