// The layouts that show several subjects in one frame: overlay, split, difference.

import { compose, fitBox, joinBoxes, makeTurnable, mapBox, mapOnto, UPRIGHT, upright } from "./camera.js";
import { drawDifference, drawScale, measureBetween } from "./difference.js";
import { createDivider } from "./divider.js";
import { element } from "./dom.js";
import { createFrame, isReady } from "./frame.js";
import { drawWires, shownOf } from "./marks.js";
import { startingPair } from "./pairing.js";
import { FRONT } from "./subject.js";
import { describeTogether, MAGNIFY, togetherHead } from "./together_head.js";

/** One frame for several subjects. `actions` = {style, pair, split, magnify, turn} change the view. */
export function createTogether(subjects, truth, data, look, view, actions, followers) {
  const root = element("figure", "sm-panel sm-together");
  const head = element("figcaption", "sm-head");
  const frame = createFrame("");
  const about = element("div", "sm-about");
  const [words, numbers] = [element("span", "sm-words"), element("span", "sm-figures")];
  about.append(words, numbers);
  root.append(head, frame.stage, about);
  const { ctx } = frame;
  const divider = createDivider(frame.stage, () => view.split ?? 0.5, actions.split);
  let plan = null; // what is shown: {layout, members: [{subject, map, fitted}], base, ground, measure}
  const names = (list) => list.map((m) => m.subject.spec.title).join(", ");
  const magnify = () => (MAGNIFY.includes(view.magnify) ? view.magnify : 5);
  const solid = () => plan.members.every(({ subject }) => subject.track && subject.track.dims === 3);
  const turn = () => (solid() ? plan.base.turn : FRONT);
  makeTurnable(frame.canvas, turn, (to) => solid() && actions.turn(plan.members.map((m) => m.subject.index), to));

  function choosePair(layout) {
    const wanted = (view[`${layout}Of`] || []).map((i) => subjects[i]);
    const fits = wanted.length === 2 && wanted.every((s) => s && (layout === "split" || s.track));
    return fits ? wanted : startingPair(layout, subjects, truth).slice(0, 2);
  }

  function makePlan(layout) {
    let chosen;
    if (layout === "overlay") {
      const faces = subjects.filter((s) => !s.isVideo);
      chosen = faces.length ? faces : subjects.filter((s) => s.track);
    } else chosen = choosePair(layout);
    const faces = chosen.filter((s) => !s.isVideo);
    const base = (faces.includes(truth) ? truth : faces[0]) || chosen.find((s) => s.track) || null;
    const members = chosen.map((subject) => ({
      subject,
      ...(subject.track && base ? mapOnto(subject.track, base.track, subject.isVideo) : { map: UPRIGHT, fitted: false }),
    }));
    const onPicture = (s) => s.isVideo && !s.spec.media && s.track && s.track.space === "pixel" && base && base.track.space === "pixel";
    const ground = layout === "overlay" && data.header.hasVideo ? subjects.find(onPicture) || null : null;
    const measure = layout === "difference" ? measureBetween(...members, base) : null;
    return { layout, members, base, ground, measure, fitted: members.filter((m) => m.fitted) };
  }

  function dress() {
    const { layout, members } = plan;
    const shown = members.map((m) => m.subject);
    const parts = togetherHead(layout, shown, subjects, magnify(), look, actions);
    head.className = `sm-head sm-head-${layout}`;
    const active = root.getRootNode().activeElement;
    const held = head.contains(active) ? active.getAttribute("aria-label") : null;
    head.replaceChildren(...parts);
    if (held) [...head.querySelectorAll("[aria-label]")].find((node) => node.getAttribute("aria-label") === held)?.focus();
    divider.root.hidden = layout !== "split";
    divider.update();
    frame.canvas.tabIndex = solid() ? 0 : -1;
    frame.canvas.classList.toggle("sm-turnable", solid());
    if (!solid()) frame.canvas.removeAttribute("title");
    const titles = (list) => list.map((m) => m.subject.spec.title);
    words.textContent = describeTogether(layout, titles(members), magnify(), titles(plan.fitted));
    words.title = words.textContent;
    numbers.textContent = "";
    frame.canvas.setAttribute("aria-label", words.textContent);
  }

  const viewOf = ({ subject, map }) => mapBox(compose(map, upright(subject.track)), subject.box());

  /** Everything that is seen, in the base's upright units. */
  function box(video) {
    if (plan.ground && isReady(video)) return plan.ground.spec.fit || [0, 0, ...plan.ground.pictureSize(video)];
    const faces = plan.members.filter(({ subject: s }) => s.track && !(s.isVideo && s !== plan.base));
    if (faces.length) return joinBoxes(faces.map(viewOf));
    const { subject } = plan.members[0];
    return isReady(video) || subject.spec.media ? [0, 0, ...subject.pictureSize(video)] : [0, 0, 1, 1];
  }

  function drawMember({ subject, map }, fit, video, options) {
    const to = compose(fit, map);
    const own = subject.spec.media ? followers.video(subject.index) : video;
    if (subject.isVideo && isReady(own)) subject.drawPicture(ctx, to, own);
    if (subject.hasFace && subject.style !== "picture") subject.draw(ctx, to, { turn: turn(), ...options });
  }

  const drawings = {
    overlay(fit, video) {
      if (plan.ground && isReady(video)) plan.ground.drawPicture(ctx, fit, video);
      plan.members.forEach((member, i) => {
        drawMember(member, fit, null, {
          as: member.subject.style === "dots" ? "dots" : "wireframe", halo: Boolean(plan.ground), numbers: false,
          weight: 1.6 - (0.9 * i) / Math.max(1, plan.members.length - 1), // where lines meet, all show
        });
      });
      const { subject, map } = plan.members[0];
      if (!view.numbers || !subject.hasFace) return;
      subject.drawNumbers(ctx, compose(fit, map), Boolean(plan.ground)); // above all lines
    },
    split(fit, video) {
      const x = frame.width * (view.split ?? 0.5);
      plan.members.forEach((member, i) => {
        ctx.save();
        ctx.beginPath();
        ctx.rect(i ? x : 0, 0, i ? frame.width - x : x, frame.height);
        ctx.clip();
        drawMember(member, fit, video);
        ctx.restore();
      });
    },
    difference(fit) {
      const [a, b] = plan.members;
      const lines = shownOf(a.subject.track.layout, view.hidden || []).edges;
      a.subject.place(compose(fit, a.map), turn());
      b.subject.place(compose(fit, b.map), turn());
      ctx.globalAlpha = 0.55;
      drawWires(ctx, a.subject.screen, lines, { ink: a.subject.ink, width: 1.4 });
      ctx.globalAlpha = 1;
      const found = plan.measure.at(a.subject.frame, b.subject.frame, view.hidden || []);
      const at = (s, i) => [s.screen[2 * i], s.screen[2 * i + 1]];
      drawDifference(
        ctx, found.pairs.map(([i]) => at(a.subject, i)), found.pairs.map(([, j]) => at(b.subject, j)),
        found.distances.map((d) => d / plan.measure.end), magnify(),
      );
      drawScale(ctx, frame, plan.measure.end, look());
      const [mean, largest] = [found.mean.toFixed(2), found.largest.toFixed(2)];
      numbers.textContent = found.worst < 0 ? ""
        : `mean ${mean} %, largest ${largest} % of the ${plan.measure.unit} (point ${found.worst})`;
    },
  };

  return {
    root,
    frame,
    /** Does what is drawn hold a picture of the video, and so belongs to the picture's time? */
    get usesVideo() {
      return Boolean(plan && (plan.ground || plan.members.some((m) => m.subject.isVideo && !m.subject.spec.media && plan.layout === "split")));
    },
    arrange(layout) {
      plan = makePlan(layout);
      dress();
    },
    retheme() {
      if (plan) dress();
      for (const subject of subjects) if (!subject.isVideo) subject.ground = frame.ground();
    },
    resize: (width, height, ratio) => frame.resize(width, height, ratio),
    draw(video) {
      if (!plan || !frame.begin()) return;
      divider.update();
      ctx.save();
      const missing = plan.members.filter(({ subject: s }) => s.track && !s.hasFace);
      const ended = plan.members.filter(({ subject: s }) => s.ended && s.hasFace);
      if (plan.layout === "difference" && missing.length) numbers.textContent = "";
      else drawings[plan.layout](fitBox(box(video), frame.width, frame.height), video);
      ctx.restore();
      const none = missing.length === plan.members.length;
      if (missing.length) frame.say(`no face in this frame: ${names(missing)}`, none ? "" : "end");
      else frame.say(ended.length ? `ended: ${names(ended)}` : "", "end");
    },
  };
}

