// A canvas in a box, with a note over it, and whether a video has a picture to draw on it.

import { element } from "./dom.js";

export const isReady = (video) => Boolean(video && video.readyState >= 2 && video.videoWidth);

/** A canvas in a box, with a note over it. */
export function createFrame(label) {
  const stage = element("div", "sm-stage");
  const canvas = element("canvas", "sm-canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  const note = element("div", "sm-note");
  note.hidden = true;
  stage.append(canvas, note);
  const ctx = canvas.getContext("2d");
  return {
    stage,
    canvas,
    note,
    ctx,
    width: 0,
    height: 0,
    resize(width, height, ratio) {
      stage.style.height = `${height}px`;
      const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (canvas.width !== w) canvas.width = w;
      if (canvas.height !== h) canvas.height = h;
      Object.assign(this, { width, height, ratio });
    },
    /** An empty canvas, measured in CSS pixels; false before its first layout. */
    begin() {
      if (!this.width) return false;
      ctx.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
      ctx.clearRect(0, 0, this.width, this.height);
      return true;
    },
    /** `where`: "" in the middle, "low" on a picture, "end" small in the corner. */
    say(text, where = "") {
      if (note.textContent !== text) note.textContent = text;
      note.hidden = !text;
      note.classList.toggle("sm-note-low", where === "low");
      note.classList.toggle("sm-note-end", where === "end");
    },
    ground: () => getComputedStyle(stage).backgroundColor,
  };
}
