// The stage: all that is drawn, in the layout that the viewer has chosen.

import { element } from "./dom.js";
import { PANEL_BORDER, planGrid, togetherHeight } from "./layout.js";
import { possibleLayouts, truthOf } from "./pairing.js";
import { createPanel } from "./panel.js";
import { photograph } from "./snapshot.js";
import { createSubject } from "./subject.js";
import { createTogether } from "./together.js";

const MOST_SHIFT = 999; // frames

/** The stage. `view` is what the viewer has set (settings.js), read at every drawing; `change({...})` sets
 * more of it; `wake` asks for a new drawing; `followers` are the videos of panels. */
export function createStage(data, look, view, wake, change, followers) {
  const { header } = data;
  const root = element("div", "sm-panels");
  const subjects = header.panels.map((spec, i) => {
    const subject = createSubject(spec, i, data, look, view);
    // a style picked in the player outlives new data, unless the page itself asks for another one
    if (view.styles && view.asked && view.asked[i] === spec.style) subject.style = view.styles[i];
    return subject;
  });
  const joint = subjects.filter((s) => !s.spec.normalise); // those come last, and stand alone
  const truth = truthOf(joint);
  const possible = possibleLayouts(joint, truth);
  const set = (settings) => {
    change(settings);
    wake();
  };
  const each = (list, pick) => subjects.map((_, i) => pick(i, (list && list[i]) ?? null));
  const actions = {
    style(index, value) {
      subjects[index].style = value;
      set(styles());
    },
    shift(index, value) {
      const shift = Math.max(-MOST_SHIFT, Math.min(MOST_SHIFT, value));
      set({ shifts: each(view.shifts, (i, old) => (i === index ? shift : old || 0)) });
    },
    turn(indices, [yaw, pitch]) {
      const turn = [Math.atan2(Math.sin(yaw), Math.cos(yaw)), pitch];
      set({ turn: each(view.turn, (i, old) => (indices.includes(i) ? turn : old)) });
    },
    pair: (layout, pair) => set({ [`${layout}Of`]: pair }),
    split: (split) => set({ split }),
    magnify: (by) => set({ magnify: by }),
  };
  const panels = subjects.map((s) => createPanel(s, truth, data, look, view, actions));
  const together = createTogether(joint, truth, data, look, view, actions, followers);
  let shown = null; // the layout on the page
  let settled = ""; // what of the view the headers show
  let room = null; // {video, ratio} of the last layout
  let last = [0, null, 0]; // arguments of the last drawing

  const styles = () => ({ styles: subjects.map((s) => s.style), asked: header.panels.map((spec) => spec.style) });
  const layoutNow = () => (possible[view.layout] ? view.layout : "grid");

  /** Bring page and headers in line with the view. */
  function settle() {
    const layout = layoutNow();
    const state = JSON.stringify([layout, view.splitOf, view.differenceOf, view.magnify, view.shifts, styles().styles]);
    if (state === settled) return;
    settled = state;
    for (const panel of panels) panel.update();
    if (layout !== "grid") together.arrange(layout);
    if (layout === shown) return;
    shown = layout;
    root.replaceChildren(...(layout === "grid" ? panels.map((panel) => panel.root) : [together.root]));
    stage.retheme();
    if (room) stage.layout(room.video, room.ratio);
  }

  const stage = {
    root,
    panels,
    possible,
    /** Draw what belongs to `time`; the video's picture only where `pictures` says so: at the moment when a
     * new picture is there, its time and its pixels surely belong together. */
    draw(time, video, pictureTime, pictures) {
      last = [time, video, pictureTime];
      settle();
      if (shown !== "grid") {
        if (!together.usesVideo || !video) drawTogether(time, video);
        else if (pictures) drawTogether(pictureTime, video);
        return;
      }
      for (const subject of subjects) if (!subject.isVideo) subject.follow(time);
      for (const panel of panels) if (!panel.isVideo) panel.draw(null);
      panels.forEach((panel, i) => {
        if (!header.panels[i].media) return;
        subjects[i].follow(followers.time(i, time));
        panel.draw(followers.video(i));
      });
      if (pictures) stage.drawPictures(video, pictureTime);
    },
    drawPictures(video, pictureTime) {
      settle();
      if (shown !== "grid") {
        if (together.usesVideo) drawTogether(pictureTime, video);
        return;
      }
      panels.forEach((panel, i) => {
        if (!panel.isVideo || header.panels[i].media) return;
        subjects[i].follow(pictureTime);
        panel.draw(video);
      });
    },
    layout(video, ratio) {
      const width = root.clientWidth;
      if (!width) return false;
      room = { video, ratio };
      settle();
      const { rows, height, whole } = planGrid(panels.map((panel) => panel.aspect(video)), width);
      if (shown === "grid") {
        for (const { index, wide } of rows.flat()) {
          panels[index].root.style.width = `${wide + PANEL_BORDER}px`;
          panels[index].resize(wide, height, ratio);
        }
      } else {
        together.resize(width - PANEL_BORDER, togetherHeight(whole), ratio);
      }
      return true;
    },
    retheme() {
      for (const panel of panels) if (shown === "grid") panel.retheme();
      if (shown && shown !== "grid") together.retheme();
    },
    /** Styles as they stand, and as the page asked for them. */
    styles,
    /** The stage as a PNG at the screen's own resolution, with the time below it. */
    snapshot() {
      const [time] = last;
      const k = data.stepping.frame(time);
      const at = k < 0 ? time : Math.max(0, data.stepping.at(k));
      return photograph(root, `${at.toFixed(3)} s${k < 0 ? "" : `, frame ${k}`}`);
    },
    /** What tests look at. */
    debug: {
      frame: (i) => subjects[i].frame,
      screen: (i) => [...subjects[i].screen],
      redraw: () => stage.draw(...last, true),
      snapshot: () => stage.snapshot(),
    },
  };

  function drawTogether(time, video) {
    for (const subject of subjects) subject.follow(followers.time(subject.index, time));
    together.draw(video);
  }
  return stage;
}
