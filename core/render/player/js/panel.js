// A panel of the grid: a header and one canvas, which draws one subject.

import { compose, fitBox, makeTurnable, mapOnto, upright } from "./camera.js";
import { element } from "./dom.js";
import { createFrame, isReady } from "./frame.js";
import { createStepper, styleSelect } from "./panel_head.js";
import { placeLevel, placePicture } from "./placement.js";
import { centre, readPoints } from "./points.js";
import { FILLED } from "./subject.js";

/** One panel. `truth` is the subject whose ghost it may show; `actions` = {style, shift, turn}. */
export function createPanel(subject, truth, data, look, view, actions) {
  const { spec, track, isVideo } = subject;
  const root = element("figure", "sm-panel");
  const head = element("figcaption", "sm-head");
  const swatch = element("span", "sm-swatch");
  const title = element("span", "sm-title", spec.title);
  title.title = spec.caption ? `${spec.title}: ${spec.caption}` : spec.title;
  const caption = element("span", "sm-caption", spec.caption);
  head.append(swatch, title, caption);
  const select = track ? styleSelect(subject, (value) => actions.style(subject.index, value)) : null;
  const moves = track || spec.media;
  const stepper = moves ? createStepper(spec.title, (shift) => actions.shift(subject.index, shift)) : null;
  head.append(...[stepper && stepper.root, select].filter(Boolean));
  const frame = createFrame(spec.title);
  root.append(head, frame.stage);
  const { ctx } = frame;
  const ghost = truth && truth !== subject && track && !isVideo
    ? { ...mapOnto(truth.track, track), points: new Float64Array(truth.track.points * 2) } : null;
  if (track && track.dims === 3) {
    makeTurnable(frame.canvas, () => subject.turn, (turn) => actions.turn([subject.index], turn));
  }

  const isLoaded = (video) => isVideo && isReady(video);

  /** Where the picture lies; null where it is level and the frame has no face. */
  function place(video) {
    if (!spec.normalise) {
      return placePicture(frame, spec.fit, subject.pictureSize(video), [video.videoWidth, video.videoHeight]);
    }
    if (!subject.hasFace) return null;
    const { parts } = track.layout;
    const points = readPoints(track, subject.frame, subject.screen);
    const mouth = centre(points, [...parts.outer_lip, ...parts.inner_lip]);
    return placeLevel(frame, spec.normalise, centre(points, parts.right_eye), centre(points, parts.left_eye), mouth);
  }

  const panel = {
    root,
    frame,
    isVideo,
    draws: 0,
    /** What the viewer may have changed elsewhere. */
    update() {
      if (select) select.value = subject.style;
      if (stepper) stepper.update(subject.shift);
    },
    retheme() {
      swatch.style.backgroundColor = look().ink(spec.colour);
      subject.ground = frame.ground();
    },
    /** Width over height that suits the content. */
    aspect(video) {
      if (spec.fit) return (spec.fit[2] - spec.fit[0]) / (spec.fit[3] - spec.fit[1]);
      if (spec.normalise) return 1;
      if (spec.media) return spec.media.size[0] / spec.media.size[1];
      if (isVideo) return video && video.videoWidth ? video.videoWidth / video.videoHeight : 4 / 3;
      const { x0, y0, x1, y1 } = track.box;
      return Math.max(0.85, Math.min(1.6, (x1 - x0) / (y1 - y0)));
    },
    resize(width, height, ratio) {
      head.classList.toggle("sm-tight", width < 240);
      caption.hidden = false;
      caption.hidden = caption.clientWidth < Math.min(48, caption.scrollWidth); // the title's tooltip holds it, too
      frame.resize(width, height, ratio);
    },
    /** Draw the picture (if any) and the landmarks that the subject has settled on. */
    draw(video) {
      if (!frame.begin()) return;
      panel.draws += 1;
      const loaded = isLoaded(video);
      const picture = loaded ? place(video) : null;
      let [message, where] = ["", picture ? "low" : ""];
      ctx.save();
      if (picture) {
        ctx.beginPath();
        ctx.rect(...picture.clip);
        ctx.clip();
        subject.drawPicture(ctx, picture.map, video);
      } else if (loaded) message = "no face in this frame";
      else if (isVideo) message = data.header.hasVideo || spec.media ? "loading the picture" : "no picture in this clip";
      if (track && (picture ? subject.style !== "picture" : !isVideo)) {
        if (!subject.hasFace) message = "no face in this frame";
        else drawFace(picture);
        if (subject.hasFace && subject.ended) [message, where] = ["ended", "end"];
      }
      if (picture && !track && subject.ended) [message, where] = ["ended", "end"];
      ctx.restore();
      frame.say(message, where);
    },
  };

  function drawFace(picture) {
    if (picture) return subject.draw(ctx, picture.map);
    const fit = fitBox(subject.box(), frame.width, frame.height);
    const fits = ghost && (truth.track.dims === 3 || subject.turn.every((angle) => !angle)); // a flat truth has no side
    const drawGhost = () => {
      if (view.ghost && fits) truth.drawGhost(ctx, compose(fit, ghost.map), subject.turn, ghost.points);
    };
    const covered = FILLED.includes(subject.style);
    if (!covered) drawGhost();
    subject.draw(ctx, compose(fit, upright(track)));
    if (covered) drawGhost();
  }
  panel.retheme();
  panel.update();
  return panel;
}
