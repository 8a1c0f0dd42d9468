// Reads the packed buffer of pack.py.

import { MISSING, trackBox } from "./points.js";
import { makeTiming } from "./timing.js";

/** The buffer of pack.py as {header, tracks, videoClock, peaks}. Points stay int16 until drawn. */
export function readBuffer(bytes) {
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
  for (const { media } of header.panels) {
    if (!media) continue;
    const times = floats(media.times).map((t) => t + media.shift); // on the clock of the player
    media.timing = makeTiming(media.rate, media.start + media.shift, times, times.length);
  }
  const curves = header.curves.map((c) => ({ ...c, times: floats(c.times), values: floats(c.values) }));
  return { header, tracks, stepping, curves, peaks: floats(header.peaks), spectrum: bytes8(header.spectrum) };
}

/** Content hash of the bytes, a multiple of 4 (two FNV-1a lanes over words), to recognise the same data again. */
export function hashBytes(bytes) {
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
