// Part of the player module: the region that is looped, from the start of a frame to the end of one. Edge k
// of a timing is where frame k starts; the last edge is where the last frame ends.

const edgeAt = (timing, k) => (k < timing.count ? timing.at(k) : timing.end);

/** The edge nearest to a time. */
function nearestEdge(timing, time) {
  const k = timing.frame(time);
  return time - edgeAt(timing, k) <= edgeAt(timing, k + 1) - time ? k : k + 1;
}

/** [a, b] on edges, at least one frame long. */
function snapRegion(timing, a, b) {
  const first = Math.min(nearestEdge(timing, a), timing.count - 1);
  const end = Math.max(first + 1, nearestEdge(timing, b));
  return [edgeAt(timing, first), edgeAt(timing, end)];
}

/** The region with one end (0 or 1) at the edge nearest to `time`, moved on by `frames`. */
function moveEnd(timing, region, end, time, frames = 0) {
  const ends = region.map((t) => nearestEdge(timing, t));
  const to = nearestEdge(timing, time) + frames;
  ends[end] = end ? Math.min(timing.count, Math.max(ends[0] + 1, to)) : Math.max(0, Math.min(ends[1] - 1, to));
  return ends.map((k) => edgeAt(timing, k));
}

/** The two ends of the looped region: dragged, or moved by frames with the arrow keys. */
function createHandles(view, act, timeAt) {
  const root = element("div", "sm-handles");
  const ends = ["Start", "End"].map((name, end) => {
    const handle = element("div", `sm-handle sm-handle-${name.toLowerCase()}`);
    handle.tabIndex = 0;
    handle.setAttribute("role", "slider");
    handle.setAttribute("aria-label", `${name} of the loop`);
    handle.addEventListener("pointerdown", (event) => handle.setPointerCapture(event.pointerId));
    handle.addEventListener("pointermove", (event) => {
      if (handle.hasPointerCapture(event.pointerId)) act.moveRegion(end, timeAt(event));
    });
    handle.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by) return;
      act.moveRegion(end, view.region[end], event.shiftKey ? 10 * by : by);
      event.preventDefault();
    });
    root.append(handle);
    return handle;
  });
  return {
    root,
    place(map) {
      root.hidden = !view.region;
      if (!view.region) return;
      ends.forEach((handle, end) => {
        const time = view.region[end];
        handle.hidden = time < map.from - 1e-9 || time > map.to + 1e-9;
        handle.style.left = `${map.x(time)}px`;
        handle.setAttribute("aria-valuenow", time.toFixed(3));
        handle.setAttribute("aria-valuetext", act.describe(time));
      });
    },
  };
}
