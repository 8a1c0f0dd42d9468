// Part of the player module: panels of the grid. A panel is a header and one canvas; it draws the frame of a
// time of one subject.

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text; // never markup: titles are other people's text
  return made;
}

function pickOne(label, choices, value, pick) {
  const select = element("select");
  select.setAttribute("aria-label", label);
  for (const [name, text] of choices) {
    const option = element("option", "", text);
    option.value = name;
    select.append(option);
  }
  select.value = value;
  select.addEventListener("change", () => pick(select.value));
  return select;
}

function styleSelect(subject, change) {
  const select = pickOne(`Style of ${subject.spec.title}`, subject.choices, subject.style, change);
  select.className = "sm-style";
  select.title = "Style";
  return select;
}

/** Frames that the subject is shown later (or earlier): quiet until it is wanted or not 0. */
function createStepper(title, set) {
  const root = element("span", "sm-shift");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", `Shift of ${title}`);
  let value = 0;
  const button = (text, label, next) => {
    const made = element("button", "", text);
    made.type = "button";
    made.title = label;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", (event) => {
      set(next());
      if (event.detail) root.closest(".sm-player").focus({ preventScroll: true }); // the keys go on stepping
    });
    return made;
  };
  const zero = button("0 f", "No shift", () => 0);
  root.append(
    button("−", "One frame earlier", () => value - 1), zero, button("+", "One frame later", () => value + 1),
  );
  return {
    root,
    update(shift) {
      if (shift === value && root.dataset.shift !== undefined) return;
      value = shift;
      root.dataset.shift = String(shift);
      zero.textContent = shiftText(shift);
      const told = `Shown ${Math.abs(shift)} frames ${shift > 0 ? "later" : "earlier"}; click for no shift`;
      zero.title = shift ? told : "No shift";
      root.classList.toggle("sm-shifted", shift !== 0);
    },
  };
}

const shiftText = (shift) => `${shift > 0 ? "+" : shift < 0 ? "−" : ""}${Math.abs(shift)} f`;

/** A canvas in a box, with a note over it. */
function createFrame(label) {
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

// Eye distance and height of the mouth as shares of the side, as in core/render/crop.py.
const LEVEL = { face: { apart: 0.27, down: 0.7 }, lips: { apart: 0.72, down: 0.5 } };

/** One panel. `truth` is the subject whose ghost it may show; `actions` = {style, shift, turn}. */
function createPanel(subject, truth, data, look, view, actions) {
  const { spec, track, isVideo } = subject;
  const root = element("figure", "sm-panel");
  const head = element("figcaption", "sm-head");
  const swatch = element("span", "sm-swatch");
  const title = element("span", "sm-title", spec.title);
  title.title = spec.caption ? `${spec.title}: ${spec.caption}` : spec.title;
  const caption = element("span", "sm-caption", spec.caption);
  head.append(swatch, title, caption);
  const select = track ? styleSelect(subject, (value) => actions.style(subject.index, value)) : null;
  const stepper = track ? createStepper(spec.title, (shift) => actions.shift(subject.index, shift)) : null;
  if (track) head.append(stepper.root, select);
  const frame = createFrame(spec.title);
  root.append(head, frame.stage);
  const { ctx } = frame;
  const ghost = truth && truth !== subject && track && !isVideo
    ? { ...mapOnto(truth.track, track), points: new Float64Array(truth.track.points * 2) } : null;
  if (track && track.dims === 3) {
    makeTurnable(frame.canvas, () => subject.turn, (turn) => actions.turn([subject.index], turn));
  }

  /** Where the picture lies: its map from the picture's units, and the rectangle it fills. */
  function placePicture(video) {
    if (!video || video.readyState < 2 || !video.videoWidth) return null;
    const [sw, sh] = subject.pictureSize(video);
    const [x0, y0, x1, y1] = spec.fit || [0, 0, sw, sh];
    const shape = ((x1 - x0) * (video.videoWidth / sw)) / ((y1 - y0) * (video.videoHeight / sh)); // as displayed
    const w = Math.min(frame.width, frame.height * shape);
    const h = w / shape;
    const [left, top, x, y] = [(frame.width - w) / 2, (frame.height - h) / 2, w / (x1 - x0), h / (y1 - y0)];
    return { map: [x, 0, 0, y, left - x0 * x, top - y0 * y], clip: [left, top, w, h] };
  }

  /** Where the picture lies when it is turned and scaled so that the eyes are level, as far apart as ever,
   * and the mouth keeps its place; null in a frame without a face. */
  function placeLevel() {
    if (!subject.hasFace) return null;
    const { parts } = track.layout;
    const points = readPoints(track, subject.frame, subject.screen);
    const [a, b] = [centre(points, parts.right_eye), centre(points, parts.left_eye)];
    const mouth = centre(points, [...parts.outer_lip, ...parts.inner_lip]);
    const { apart, down } = LEVEL[spec.normalise];
    const side = Math.min(frame.width, frame.height);
    const [left, top] = [(frame.width - side) / 2, (frame.height - side) / 2];
    const grow = (apart * side) / Math.hypot(b[0] - a[0], b[1] - a[1]) ** 2;
    const [x, y] = [grow * (b[0] - a[0]), grow * (b[1] - a[1])];
    if (!Number.isFinite(x + y + mouth[0] + mouth[1])) return null;
    const to = [left + side / 2 - (x * mouth[0] + y * mouth[1]), top + down * side - (x * mouth[1] - y * mouth[0])];
    return { map: [x, -y, y, x, ...to], clip: [left, top, side, side] };
  }

  const panel = {
    root,
    frame,
    isVideo,
    draws: 0,
    /** What the viewer may have changed elsewhere. */
    update() {
      if (!track) return;
      select.value = subject.style;
      stepper.update(subject.shift);
    },
    retheme() {
      swatch.style.backgroundColor = look().ink(spec.colour);
      subject.ground = frame.ground();
    },
    /** Width over height that suits the content. */
    aspect(video) {
      if (spec.fit) return (spec.fit[2] - spec.fit[0]) / (spec.fit[3] - spec.fit[1]);
      if (spec.normalise) return 1;
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
      let picture = isVideo ? placePicture(video) : null;
      const loaded = Boolean(picture);
      if (loaded && spec.normalise) picture = placeLevel();
      let [message, where] = ["", picture ? "low" : ""];
      ctx.save();
      if (picture) {
        ctx.beginPath();
        ctx.rect(...picture.clip);
        ctx.clip();
        subject.drawPicture(ctx, picture.map, video);
      } else if (loaded) message = "no face in this frame";
      else if (isVideo) message = data.header.hasVideo ? "loading the picture" : "no picture in this clip";
      if (track && (picture ? subject.style !== "picture" : !isVideo)) {
        if (!subject.hasFace) message = "no face in this frame";
        else drawFace(picture);
        if (subject.hasFace && subject.ended) [message, where] = ["ended", "end"];
      }
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
