// What one panel is about: a picture, a track, or both. Grid panels and the layouts of one frame draw through it.

import { mouthWidth, readTurned, scaleOf, trackView } from "./camera.js";
import {
  drawDots, drawNumbers, drawSpread, drawTrails, drawWires, legible, placeNumbers, shownOf, SPREAD_REACH, TRAIL_STEPS,
} from "./marks.js";
import { drawPainted } from "./painted.js";
import { readSpread } from "./points.js";
import { drawPortrait } from "./portrait.js";
import { FRAME_EPS } from "./timing.js";

const VIDEO_STYLES = [["overlay", "Overlay"], ["wireframe", "Wireframe"], ["dots", "Dots"], ["picture", "Picture only"]];
const FACE_STYLES = [["wireframe", "Wireframe"], ["dots", "Dots"], ["painted", "Painted"], ["portrait", "Portrait"]];
const ABOVE = { painted: 0.3, portrait: 1.3 }; // room above the brows, in eye distances
export const FILLED = ["painted", "portrait"];
export const FRONT = [0, 0];

/** One subject. `view` is what the viewer has set; `look` gives the theme's colours. */
export function createSubject(spec, index, data, look, view) {
  const track = spec.track === null ? null : data.tracks[spec.track];
  const isVideo = spec.kind === "video";
  const choices = isVideo ? VIDEO_STYLES : FACE_STYLES;
  let style = choices.some(([name]) => name === spec.style) ? spec.style : choices[0][0];
  const buffer = () => (track ? new Float64Array(track.points * 2) : null);
  const screen = buffer();
  const radii = track && track.spread ? new Float64Array(track.points) : null;
  const depths = track && track.dims === 3 ? new Float64Array(track.points) : null;
  const eyeSpan = track ? track.box.eyes || 1.2 * mouthWidth(track) : 0; // lips alone: about that of their face
  const past = [];
  let readable = null; // the numbers that have room, for a size
  const hidden = () => view.hidden || [];

  /** Points of a frame on the screen, written into `out`. */
  function place(frame, map, turn, out) {
    readTurned(track, frame, turn, out, depths);
    for (let i = 0; i < out.length; i += 2) {
      const [x, y] = [out[i], out[i + 1]];
      out[i] = map[0] * x + map[2] * y + map[4];
      out[i + 1] = map[1] * x + map[3] * y + map[5];
    }
    return out;
  }

  /** Past positions of the last `view.trails` seconds, oldest first, the frame on show last. */
  function placePast(map, turn) {
    const { timing } = track;
    const now = timing.at(subject.frame);
    const first = Math.max(0, timing.frame(now - view.trails));
    const stride = Math.max(1, Math.ceil((subject.frame - first) / TRAIL_STEPS));
    const found = [];
    for (let f = subject.frame, n = 0; f >= first; f -= stride, n += 1) {
      past[n] ||= buffer();
      found.unshift([Math.min(1, (now - timing.at(f)) / view.trails), place(f, map, turn, past[n])]);
    }
    return found;
  }

  const subject = {
    spec,
    index,
    track,
    isVideo,
    choices,
    screen,
    frame: -1,
    ended: false,
    get style() {
      return style;
    },
    set style(value) {
      if (choices.some(([name]) => name === value)) style = value;
    },
    get shift() {
      return ((track || spec.media) && view.shifts && view.shifts[index]) || 0;
    },
    get turn() {
      return (depths && view.turn && view.turn[index]) || FRONT;
    },
    get ink() {
      return isVideo ? spec.colour : look().ink(spec.colour);
    },
    get hasFace() {
      return Boolean(track && subject.frame >= 0 && track.has[subject.frame]);
    },
    /** Settle which frame belongs to `time`; a shift of +2 shows everything two frames later. */
    follow(time) {
      const pictures = spec.media ? spec.media.timing : data.stepping;
      const timing = track ? track.timing : pictures;
      const own = time - subject.shift / (spec.media ? pictures : timing).rate;
      subject.frame = timing.frame(own);
      subject.ended = Boolean(track || spec.media) && timing.count > 0 && own >= timing.end - FRAME_EPS / timing.rate;
    },
    /** The part of the picture or the space that is shown, in upright units of the track. */
    box: () => (track ? trackView(track, spec.fit, ABOVE[style] || 0) : null),
    /** Width and height that the units of a picture run to; unit tracks measure it as 1 x 1. */
    pictureSize(video) {
      if (track && track.space === "unit") return [1, 1];
      if (spec.media) return spec.media.size;
      return data.header.video.size || [video.videoWidth, video.videoHeight];
    },
    /** The picture through `map`, which starts from the units of `pictureSize`. */
    drawPicture(ctx, map, video) {
      ctx.save();
      ctx.imageSmoothingQuality = "high";
      ctx.transform(...map);
      ctx.drawImage(video, 0, 0, ...subject.pictureSize(video));
      ctx.restore();
    },
    /** The points of the frame on show, on the screen; `out` where this subject's own must stay. */
    place: (map, turn = subject.turn, out = screen) => place(subject.frame, map, turn, out),
    /** Only the lines, for a ghost. */
    drawGhost(ctx, map, turn, out) {
      if (!subject.hasFace) return;
      place(subject.frame, map, turn, out);
      ctx.save();
      ctx.globalAlpha = 0.3;
      drawWires(ctx, out, shownOf(track.layout, hidden()).edges, { ink: look().text, width: 1.4 });
      ctx.restore();
    },
    /** The face of the frame on show through `map`, with trails, spread and numbers where they are on. */
    draw(ctx, map, { turn = subject.turn, as = style, halo = isVideo, numbers = view.numbers, weight = 1 } = {}) {
      const trails = view.trails > 0 && track.timing.count > 1 ? placePast(map, turn) : [];
      place(subject.frame, map, turn, screen);
      const shown = shownOf(track.layout, hidden());
      const scale = scaleOf(map);
      const eyes = eyeSpan * scale || 40;
      const small = Math.max(0.6, Math.min(1.25, eyes / 70)); // thin on a small face
      const face = { p: screen, parts: track.layout.parts, hidden: shown.hidden, eyes, head: track.box.head * scale };
      const ink = subject.ink;
      if (as === "painted") drawPainted(ctx, face);
      else if (as === "portrait") drawPortrait(ctx, face);
      if (trails.length) drawTrails(ctx, trails, shown.trail, { ink, width: 1.6 * small });
      if (!FILLED.includes(as)) {
        if (as !== "dots") {
          drawWires(ctx, screen, shown.edges, {
            ink, width: (halo ? 1.4 : 1.7) * small * weight, halo: halo && "rgba(0,0,0,.4)", depth: depths,
          });
        }
        if (as !== "wireframe") {
          drawDots(ctx, screen, shown.points, {
            ink: as === "overlay" ? "#fff" : ink, radius: (as === "overlay" ? 1.5 : 2.4) * small,
            halo: halo && "rgba(0,0,0,.55)", depth: depths,
          });
        }
      }
      if (view.spread && track.spread) {
        drawSpread(ctx, screen, shown.points, {
          spread: readSpread(track, subject.frame, SPREAD_REACH * scale, radii),
          ink: halo || FILLED.includes(as) ? "#fff" : ink, width: 1.1 * small, halo: halo && "rgba(0,0,0,.6)",
        });
      }
      if (numbers) subject.drawNumbers(ctx, map, halo || FILLED.includes(as));
    },
    /** The numbers that have room beside the points drawn last; which they are changes with the size, not
     * from frame to frame. */
    drawNumbers(ctx, map, onPicture) {
      const shown = shownOf(track.layout, hidden());
      const eyes = eyeSpan * scaleOf(map);
      const size = Math.max(8, Math.min(11, eyes / 11));
      const places = placeNumbers(screen, shown, track.layout.parts, size);
      const span = Math.round(eyes);
      if (!readable || readable.span !== span || readable.shown !== shown) {
        readable = { span, shown, indices: legible(places, size) };
      }
      drawNumbers(ctx, places.filter(([i]) => readable.indices.has(i)), {
        ink: onPicture ? "#fff" : look().text,
        halo: onPicture ? "rgba(0,0,0,.75)" : subject.ground,
        font: look().font,
        size,
      });
    },
    ground: "#fff", // the colour behind the face, for outlines of text; panels keep it up to date
  };
  return subject;
}
