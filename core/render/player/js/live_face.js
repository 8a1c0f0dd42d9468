// The live face of one model, drawn by the player's panels.

import { element } from "./dom.js";
import { createPanel } from "./panel.js";
import { createSubject } from "./subject.js";

const READ_EVERY = 250; // ms between changes of the numbers

/** A panel whose track has one frame: at first the face at rest, then whatever `show` is given. */
export function createLiveFace(spec, index, data, look, view, turned) {
  const track = data.tracks[spec.track];
  const rest = track.values;
  const [offset, scale] = [track.offset, track.scale];
  track.timing = { count: 1, rate: 1, at: () => 0, end: Infinity, frame: () => 0 };
  const subject = createSubject(spec, index, data, look, view);
  subject.follow(0);
  const redraw = () => panel.draw(null);
  const actions = {
    style(_, value) {
      subject.style = value;
      panel.update();
      redraw();
    },
    shift() {},
    turn: (_, turn) => turned(index, turn),
  };
  const panel = createPanel(subject, null, data, look, view, actions);
  const about = element("div", "sm-about sm-delay");
  const measured = element("span", "sm-figures");
  const promised = element("span", "sm-words");
  measured.title = "From the microphone to the screen";
  about.append(measured, promised);
  panel.root.append(about);
  let read = -Infinity;
  const tellPromise = (more) => {
    promised.textContent = `latency ${face.promised} ms${more}`;
  };

  const face = {
    root: panel.root,
    frame: -1, // the number of the frame on show; -1 for the face at rest
    aspect: () => panel.aspect(null),
    draw: redraw,
    retheme() {
      panel.retheme();
      redraw();
    },
    resize(width, height, ratio) {
      panel.root.style.width = `${width}px`;
      panel.resize(width - 2, height, ratio);
      redraw();
    },
    /** Draw a frame: `points` flat float32 as they came, in the track's own units. */
    show(frame, points) {
      face.frame = frame;
      const neutral = [0, 1].map((value) => new Array(track.dims).fill(value));
      Object.assign(track, { values: points, offset: neutral[0], scale: neutral[1] });
      redraw();
    },
    relax() {
      face.frame = -1;
      Object.assign(track, { values: rest, offset, scale });
      read = -Infinity;
      redraw();
    },
    /** Latency without compute time: what the model waits for, and the length of a block of audio; seconds. */
    promise(delay, piece) {
      face.promised = Math.round(1000 * (delay + piece));
      measured.textContent = "delay –";
      tellPromise(" + computing");
      promised.title = `Look-ahead and resampling: up to ${Math.round(1000 * delay)} ms. `
        + `Block of audio: ${Math.round(1000 * piece)} ms.`;
    },
    /** Milliseconds from the microphone to the screen, and that the model works on a piece of sound. */
    measure(delay, work) {
      if (performance.now() - read < READ_EVERY || delay === null) return;
      read = performance.now();
      face.measured = Math.round(delay);
      measured.textContent = `delay ${face.measured} ms`;
      tellPromise(` + ${Math.round(work)} ms computing`);
    },
    promised: null,
    measured: null,
    points: () => [...subject.screen],
  };
  return face;
}
