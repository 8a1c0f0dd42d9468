// The timeline: a slider over the clip or a window of it, with rows for audio, curves and labels; above them
// the markers, the looped region and the playhead.

import { createCurves, CURVES_HEIGHT } from "./curves.js";
import { element } from "./dom.js";
import {
  LANE_HEIGHT, paintLane, paintSpectrum, paintStretches, paintWave, SPECTRUM_HEIGHT, WAVE_HEIGHT,
} from "./lanes.js";
import { createMarkers } from "./markers.js";
import { createOverview } from "./overview.js";
import { createHandles } from "./region_handles.js";
import { createTimeWindow } from "./time_window.js";

const ZOOM = 1.6; // per step

/**
 * `act` has seek(t), describe(t), setRegion(a, b) and moves for the ends of the region; `change` sets
 * what the viewer has set. Everything but the playhead is painted once and kept.
 */
export function createTimeline(data, look, view, act, change) {
  const { duration, lanes, silence } = data.header;
  const root = element("div", "sm-time");
  const strip = element("div", "sm-strip");
  const slider = element("div", "sm-timeline");
  slider.tabIndex = 0;
  slider.setAttribute("role", "slider");
  slider.setAttribute("aria-label", "Time");
  slider.setAttribute("aria-valuemin", "0");
  slider.setAttribute("aria-valuemax", duration.toFixed(3));
  const canvas = element("canvas", "sm-canvas");
  slider.append(canvas);
  const bubble = element("div", "sm-bubble");
  bubble.hidden = true;
  const overview = createOverview(duration, (from) => show(from, from + map.span));
  const curves = createCurves(data, look, view, change);
  const markers = createMarkers(view, act);
  const handles = createHandles(view, act, (event) => timeAt(event));
  strip.append(slider, markers.root, handles.root, bubble);
  root.append(curves.root, overview.root, strip);

  const ctx = canvas.getContext("2d");
  const still = document.createElement("canvas"); // all but the playhead; below it the wave as played
  const map = createTimeWindow(duration);
  let rows = [];
  let height = 0;
  let ratio = 1;
  let curveTop = 0;
  let pointer = null; // {time, x} under the pointer
  let dragging = null; // "seek" or, with Shift, the time where a region begins
  let spoken = 0; // when the slider's value was last written

  const timeAt = (event) => {
    const box = slider.getBoundingClientRect();
    return map.time(Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * map.width);
  };
  slider.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    dragging = event.shiftKey ? timeAt(event) : "seek";
    slider.setPointerCapture(event.pointerId);
    if (dragging === "seek") act.seek(timeAt(event));
  });
  slider.addEventListener("pointermove", (event) => {
    pointer = timeAt(event);
    if (dragging === "seek") act.seek(pointer);
    else if (dragging !== null && Math.abs(map.x(pointer) - map.x(dragging)) > 4) {
      act.setRegion(Math.min(dragging, pointer), Math.max(dragging, pointer));
    }
    tell();
    timeline.draw(timeline.time);
  });
  const stop = () => (dragging = null);
  slider.addEventListener("pointerup", stop);
  slider.addEventListener("pointercancel", stop);
  slider.addEventListener("pointerleave", () => {
    pointer = null;
    bubble.hidden = true;
    timeline.draw(timeline.time);
  });
  slider.addEventListener("wheel", (event) => {
    const [dx, dy] = [event.deltaX, event.deltaY];
    if (event.ctrlKey || event.metaKey) zoom(ZOOM ** (-dy / 100), timeAt(event));
    else if (map.zoomed) {
      const by = ((dx || dy) / map.width) * map.span;
      show(map.from + by, map.to + by);
    } else return; // the page scrolls
    event.preventDefault();
  }, { passive: false });

  function show(from, to) {
    map.show(from, to);
    paint();
  }

  function zoom(by, around) {
    map.zoom(by, around);
    paint();
  }

  /** Time, frame, labels and values under the pointer. */
  function tell() {
    const words = lanes.flatMap(({ labels }) => {
      const item = labels.find(({ start, end }) => start <= pointer && pointer < end);
      return item ? [item.label] : [];
    });
    bubble.textContent = [act.describe(pointer), ...words, ...curves.describe(pointer)].join(" · ");
    bubble.hidden = false;
    const half = bubble.offsetWidth / 2;
    bubble.style.left = `${Math.max(half, Math.min(map.width - half, map.x(pointer)))}px`;
  }

  function arrange() {
    rows = [];
    height = 0;
    const add = (kind, size, of) => {
      rows.push({ kind, top: height, of });
      height += size;
    };
    add("wave", WAVE_HEIGHT);
    if (view.spectrum && data.spectrum) add("spectrum", SPECTRUM_HEIGHT);
    curveTop = height;
    if (curves.count > view.curvesHidden.length) add("curves", CURVES_HEIGHT);
    for (const lane of lanes) add("lane", LANE_HEIGHT, lane);
    slider.style.height = `${height}px`;
    canvas.width = still.width = Math.round(map.width * ratio);
    canvas.height = Math.round(height * ratio);
    still.height = canvas.height + Math.round(WAVE_HEIGHT * ratio);
    paint();
  }

  function paint() {
    if (!rows.length) return;
    const c = still.getContext("2d");
    const theme = look();
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, map.width, height + WAVE_HEIGHT);
    const shaded = rows.filter(({ kind }) => kind !== "lane").length; // silence is of the sound, not of the words
    paintStretches(c, map, silence, 0, shaded < rows.length ? rows[shaded].top : height, theme.silence);
    for (const { kind, top, of } of rows) {
      if (kind === "wave") paintWave(c, map, top, data.peaks, duration, theme.wave);
      else if (kind === "spectrum") {
        paintSpectrum(c, map, top, data.spectrum, data.header.spectrum.bands, duration, theme.channels);
      } else if (kind === "curves") curves.paint(c, map, top);
      else paintLane(c, map, top, of.labels, theme);
    }
    c.setTransform(ratio, 0, 0, ratio, 0, canvas.height);
    paintStretches(c, map, silence, 0, WAVE_HEIGHT, theme.silence);
    c.globalAlpha = 0.75;
    paintWave(c, map, 0, data.peaks, duration, theme.accent);
    c.globalAlpha = 1;
    overview.place(map);
    markers.place(map);
    handles.place(map);
    timeline.draw(timeline.time);
  }

  const timeline = {
    root,
    time: 0,
    get dragging() {
      return dragging !== null;
    },
    /** Follow the space there is. */
    resize(width, scale) {
      if (!width) return;
      [map.width, ratio] = [width, scale];
      arrange();
    },
    /** What the viewer has set has changed; only what depends on it is painted again. */
    update(settings) {
      if (!rows.length) return;
      if ("spectrum" in settings || "curvesHidden" in settings) {
        curves.update();
        arrange();
      } else if ("region" in settings || "markers" in settings) {
        markers.place(map);
        handles.place(map);
      }
    },
    retheme() {
      curves.update();
      paint();
    },
    addMarker: (time, near) => markers.add(time, near),
    zoom: (steps) => (steps ? zoom(ZOOM ** steps, timeline.time) : show(0, duration)),
    /** Move the window where the time is outside. */
    reveal(time) {
      if (map.has(time)) return;
      map.reveal(time);
      paint();
    },
    draw(time, playing = false) {
      const left = playing && timeline.time <= map.to && time > map.to; // plays out of the window
      timeline.time = time;
      if (!rows.length) return;
      if (left) return timeline.reveal(time);
      const theme = look();
      const x = map.x(Math.min(time, duration));
      ctx.setTransform(1, 0, 0, 1, 0, 0);
      ctx.clearRect(0, 0, canvas.width, canvas.height);
      ctx.drawImage(still, 0, 0);
      const [played, tall] = [Math.round(Math.max(0, Math.min(map.width, x)) * ratio), still.height - canvas.height];
      if (played > 0) {
        ctx.clearRect(0, 0, played, tall);
        ctx.drawImage(still, 0, canvas.height, played, tall, 0, 0, played, tall);
      }
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      if (view.region) {
        const [a, b] = [map.x(view.region[0]), map.x(view.region[1])];
        ctx.globalAlpha = view.loop ? 0.13 : 0.06;
        ctx.fillStyle = theme.accent;
        ctx.fillRect(a, 0, b - a, height);
        ctx.globalAlpha = 1;
      }
      if (curves.count) curves.dots(ctx, map, time, curveTop);
      if (pointer !== null && dragging === null) {
        ctx.globalAlpha = 0.35;
        ctx.fillStyle = theme.text;
        ctx.fillRect(map.x(pointer) - 0.5, 0, 1, height);
        ctx.globalAlpha = 1;
      }
      ctx.fillStyle = theme.accent;
      ctx.fillRect(Math.max(0, Math.min(map.width - 2, x - 1)), 0, 2, x < -1 || x > map.width + 1 ? 0 : height);
      const now = performance.now();
      if (playing && now - spoken < 150) return; // text may lag while it runs
      spoken = now;
      curves.read(time);
      slider.setAttribute("aria-valuenow", time.toFixed(3));
      slider.setAttribute("aria-valuetext", act.describe(time));
    },
  };
  curves.update();
  return timeline;
}
