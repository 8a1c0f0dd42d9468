// Part of the player module: panels. A panel is a header and one canvas; it draws the frame of a time.

const VIDEO_STYLES = [["overlay", "Overlay"], ["wireframe", "Wireframe"], ["dots", "Dots"], ["picture", "Picture only"]];
const FACE_STYLES = [["wireframe", "Wireframe"], ["dots", "Dots"], ["painted", "Painted"], ["portrait", "Portrait"]];
const FACE_MARGIN = 0.12; // of the larger side, around all points
const ABOVE = { painted: 0.3, portrait: 1.3 }; // room above the brows, in eye distances

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text; // never markup: titles are other people's text
  return made;
}

/** One panel. `look` gives the theme's colours, `redraw` asks for a new frame. */
function createPanel(spec, data, look, redraw) {
  const track = spec.track === null ? null : data.tracks[spec.track];
  const isVideo = spec.kind === "video";
  const choices = isVideo ? VIDEO_STYLES : FACE_STYLES;
  let style = choices.some(([name]) => name === spec.style) ? spec.style : choices[0][0];
  const root = element("figure", "sm-panel");
  const head = element("figcaption", "sm-head");
  const swatch = element("span", "sm-swatch");
  const title = element("span", "sm-title", spec.title);
  title.title = spec.caption ? `${spec.title}: ${spec.caption}` : spec.title;
  head.append(swatch, title);
  const caption = element("span", "sm-caption", spec.caption);
  if (spec.caption) head.append(caption);
  if (track) {
    const select = element("select", "sm-style");
    select.setAttribute("aria-label", `Style of ${spec.title}`);
    for (const [value, text] of choices) {
      const option = element("option", "", text);
      option.value = value;
      select.append(option);
    }
    select.value = style;
    select.addEventListener("change", () => {
      style = select.value;
      redraw();
    });
    head.append(select);
  }
  const stage = element("div", "sm-stage");
  const canvas = element("canvas", "sm-canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", spec.title);
  const note = element("div", "sm-note");
  note.hidden = true;
  stage.append(canvas, note);
  root.append(head, stage);
  const ctx = canvas.getContext("2d");
  const points = track ? new Float64Array(track.points * 2) : null;
  const screen = track ? new Float64Array(track.points * 2) : null;
  const panel = {
    root,
    canvas,
    retheme() {
      swatch.style.backgroundColor = look().ink(spec.colour);
    },
    spec,
    isVideo,
    frame: -1,
    draws: 0,
    get style() {
      return style;
    },
    set style(value) {
      if (!choices.some(([name]) => name === value)) return;
      style = value;
      const select = head.querySelector("select");
      if (select) select.value = value;
    },
    /** Width over height that suits the content. */
    aspect(video) {
      if (spec.fit) return (spec.fit[2] - spec.fit[0]) / (spec.fit[3] - spec.fit[1]);
      if (isVideo) return video && video.videoWidth ? video.videoWidth / video.videoHeight : 4 / 3;
      const { x0, y0, x1, y1 } = track.box;
      return Math.max(0.85, Math.min(1.6, (x1 - x0) / (y1 - y0)));
    },
    resize(width, height, ratio) {
      const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
      stage.style.height = `${height}px`;
      caption.hidden = width < 280; // the title goes first; its tooltip holds both
      if (canvas.width !== w) canvas.width = w;
      if (canvas.height !== h) canvas.height = h;
      panel.size = [width, height, ratio];
    },
    /** Draw the picture (if any) and the landmarks whose time has come at `time`. */
    draw(time, video) {
      if (!panel.size) return;
      const [width, height, ratio] = panel.size;
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      ctx.clearRect(0, 0, width, height);
      panel.draws += 1;
      let message = "";
      let map = null;
      if (isVideo) {
        map = drawPicture(width, height, video);
        if (!map) message = data.header.hasVideo ? "loading the picture" : "no picture in this clip";
      }
      panel.frame = track ? track.timing.frame(time) : data.stepping.frame(time);
      if (track && !(isVideo && (style === "picture" || !map))) {
        if (panel.frame < 0 || !track.has[panel.frame]) message = "no face in this frame";
        else drawFace(width, height, map);
      }
      if (note.textContent !== message) note.textContent = message;
      note.hidden = !message;
      note.classList.toggle("sm-note-low", isVideo && Boolean(map));
    },
  };

  /** The video's picture, whole or cropped; returns the map from track units to the screen. */
  function drawPicture(width, height, video) {
    if (!video || video.readyState < 2 || !video.videoWidth) return null;
    const [vw, vh] = [video.videoWidth, video.videoHeight];
    const unit = track && track.space === "unit";
    const [sw, sh] = unit ? [1, 1] : data.header.video.size || [vw, vh];
    const [x0, y0, x1, y1] = spec.fit || [0, 0, sw, sh];
    const shape = ((x1 - x0) * (vw / sw)) / ((y1 - y0) * (vh / sh)); // as displayed
    const w = Math.min(width, height * shape);
    const h = w / shape;
    const left = (width - w) / 2;
    const top = (height - h) / 2;
    const scale = [w / (x1 - x0), h / (y1 - y0)];
    ctx.imageSmoothingQuality = "high";
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, w, h);
    ctx.clip();
    ctx.drawImage(video, left - x0 * scale[0], top - y0 * scale[1], sw * scale[0], sh * scale[1]);
    ctx.restore();
    return { scale, origin: [left - x0 * scale[0], top - y0 * scale[1]], clip: [left, top, w, h] };
  }

  /** The map that shows all points of all frames in the middle of the panel. */
  function fitMap(width, height) {
    let { x0, y0, x1, y1 } = track.box;
    if (track.yUp) [y0, y1] = [-y1, -y0];
    if (spec.fit) [x0, y0, x1, y1] = track.yUp
      ? [spec.fit[0], -spec.fit[3], spec.fit[2], -spec.fit[1]] : spec.fit;
    else {
      y0 -= (ABOVE[style] || 0) * track.box.eyes;
      const margin = FACE_MARGIN * Math.max(x1 - x0, y1 - y0);
      [x0, y0, x1, y1] = [x0 - margin, y0 - margin, x1 + margin, y1 + margin];
    }
    const scale = Math.min(width / (x1 - x0), height / (y1 - y0));
    const origin = [width / 2 - ((x0 + x1) / 2) * scale, height / 2 - ((y0 + y1) / 2) * scale];
    return { scale: [scale, scale], origin };
  }

  function drawFace(width, height, pictureMap) {
    readPoints(track, panel.frame, points);
    const map = pictureMap || fitMap(width, height);
    for (let i = 0; i < points.length; i += 2) {
      const y = track.yUp ? -points[i + 1] : points[i + 1];
      screen[i] = map.origin[0] + map.scale[0] * points[i];
      screen[i + 1] = map.origin[1] + map.scale[1] * y;
    }
    const mouth = track.layout.parts.outer_lip;
    const [left, right] = mouth ? [mouth[0], mouth[6]] : [0, 0];
    const guess = Math.hypot(screen[2 * left] - screen[2 * right], screen[2 * left + 1] - screen[2 * right + 1]);
    const face = {
      p: screen,
      parts: track.layout.parts,
      eyes: track.box.eyes * map.scale[0] || 1.2 * guess || 40,
      head: track.box.head * map.scale[0],
    };
    ctx.save();
    if (map.clip) {
      ctx.beginPath();
      ctx.rect(...map.clip);
      ctx.clip();
    }
    if (style === "painted") drawPainted(ctx, face);
    else if (style === "portrait") drawPortrait(ctx, face);
    else {
      const small = Math.max(0.6, Math.min(1.25, face.eyes / 70)); // thin on a small face
      if (style !== "dots") drawWires(track.layout.edges, small);
      if (style !== "wireframe") drawDots(small, style === "overlay" ? 1.5 : 2.4);
    }
    ctx.restore();
  }

  function drawWires(edges, small) {
    ctx.lineCap = ctx.lineJoin = "round";
    ctx.beginPath();
    for (const [a, b] of edges) {
      if (Number.isNaN(screen[2 * a]) || Number.isNaN(screen[2 * b])) continue;
      ctx.moveTo(screen[2 * a], screen[2 * a + 1]);
      ctx.lineTo(screen[2 * b], screen[2 * b + 1]);
    }
    if (isVideo) {
      ctx.strokeStyle = "rgba(0,0,0,.4)";
      ctx.lineWidth = 3.2 * small;
      ctx.stroke();
    }
    ctx.strokeStyle = isVideo ? spec.colour : look().ink(spec.colour);
    ctx.lineWidth = (isVideo ? 1.4 : 1.7) * small;
    ctx.stroke();
  }

  function drawDots(small, radius) {
    ctx.beginPath();
    for (let i = 0; i < screen.length; i += 2) {
      if (Number.isNaN(screen[i])) continue;
      ctx.moveTo(screen[i] + radius * small, screen[i + 1]);
      ctx.arc(screen[i], screen[i + 1], radius * small, 0, 2 * Math.PI);
    }
    if (isVideo) {
      ctx.strokeStyle = "rgba(0,0,0,.55)";
      ctx.lineWidth = 1.4 * small;
      ctx.stroke();
      ctx.fillStyle = style === "overlay" ? "#fff" : spec.colour;
    } else ctx.fillStyle = look().ink(spec.colour);
    ctx.fill();
  }
  panel.retheme();
  return panel;
}
