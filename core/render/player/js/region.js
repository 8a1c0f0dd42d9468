// The region that is looped, from the start of a frame to the end of one. Edge k
// of a timing is where frame k starts; the last edge is where the last frame ends.

import { EDGE } from "./timing.js";

export const edgeAt = (timing, k) => (k < timing.count ? timing.at(k) : timing.end);

/** The edge nearest to a time. */
function nearestEdge(timing, time) {
  const k = timing.frame(time);
  return time - edgeAt(timing, k) <= edgeAt(timing, k + 1) - time ? k : k + 1;
}

/** [a, b] on edges, at least one frame long. */
export function snapRegion(timing, a, b) {
  const first = Math.min(nearestEdge(timing, a), timing.count - 1);
  const end = Math.max(first + 1, nearestEdge(timing, b));
  return [edgeAt(timing, first), edgeAt(timing, end)];
}

/** The region with one end (0 or 1) at the edge nearest to `time`, moved on by `frames`. */
export function moveEnd(timing, region, end, time, frames = 0) {
  const ends = region.map((t) => nearestEdge(timing, t));
  const to = nearestEdge(timing, time) + frames;
  ends[end] = end ? Math.min(timing.count, Math.max(ends[0] + 1, to)) : Math.max(0, Math.min(ends[1] - 1, to));
  return ends.map((k) => edgeAt(timing, k));
}

/** The region as a clock takes it: {start, end, entry}, with the time to jump to; null without a region. A video
 * is entered in the middle of the first frame. */
export function loopOf(region, timing, hasVideo) {
  if (!region) return null;
  const [start, end] = region;
  return { start, end, entry: hasVideo ? timing.middle(timing.frame(start + EDGE)) : start };
}

/** Is `time` inside what is looped? True where nothing is. */
export function inLoop({ loop, region }, time) {
  return !loop || !region || (time >= region[0] - EDGE && time < region[1] - EDGE);
}
