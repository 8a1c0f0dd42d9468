// Part of the player module: the timeline, with the waveform and rows of labels behind the playhead.

const WAVE_HEIGHT = 46;
const LANE_HEIGHT = 20;

/** A slider over the whole duration. `seek(t)` while dragging, `describe(t)` gives the spoken value. */
function createTimeline(data, look, { seek, describe }) {
  const { duration, lanes } = data.header;
  const root = element("div", "sm-timeline");
  root.tabIndex = 0;
  root.setAttribute("role", "slider");
  root.setAttribute("aria-label", "Time");
  root.setAttribute("aria-valuemin", "0");
  root.setAttribute("aria-valuemax", duration.toFixed(3));
  const canvas = element("canvas", "sm-canvas");
  const height = WAVE_HEIGHT + lanes.length * LANE_HEIGHT;
  root.style.height = `${height}px`;
  root.append(canvas);
  const ctx = canvas.getContext("2d");
  const still = document.createElement("canvas"); // all but the playhead, drawn once
  let size = null;
  let hover = null;
  let dragging = false;

  const timeAt = (event) => {
    const box = root.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * duration;
  };
  root.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    dragging = true;
    root.setPointerCapture(event.pointerId);
    seek(timeAt(event));
  });
  root.addEventListener("pointermove", (event) => {
    hover = timeAt(event);
    if (dragging) seek(hover);
    else timeline.draw(timeline.time);
  });
  const stop = () => {
    dragging = false;
  };
  root.addEventListener("pointerup", stop);
  root.addEventListener("pointercancel", stop);
  root.addEventListener("pointerleave", () => {
    hover = null;
    timeline.draw(timeline.time);
  });

  function drawStill() {
    const [width, , ratio] = size;
    still.width = canvas.width;
    still.height = canvas.height;
    const c = still.getContext("2d");
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    const theme = look();
    const middle = WAVE_HEIGHT / 2;
    c.fillStyle = theme.wave;
    if (data.peaks && data.peaks.length) {
      const columns = Math.max(1, Math.floor(width / 3));
      for (let i = 0; i < columns; i += 1) { // bars of 2 px with 1 px between
        const from = Math.floor((i * data.peaks.length) / columns);
        const to = Math.max(from + 1, Math.floor(((i + 1) * data.peaks.length) / columns));
        let peak = 0;
        for (let k = from; k < to; k += 1) peak = Math.max(peak, data.peaks[k] || 0);
        const half = Math.max(0.5, peak * (middle - 5));
        c.fillRect((i * width) / columns, middle - half, 2, 2 * half);
      }
    } else c.fillRect(0, middle - 1, width, 2);
    c.font = `11px ${theme.font}`;
    c.textBaseline = "middle";
    c.textAlign = "center";
    lanes.forEach((lane, row) => {
      const top = WAVE_HEIGHT + row * LANE_HEIGHT;
      for (const item of lane.labels) {
        const x0 = (item.start / duration) * width;
        const x1 = (item.end / duration) * width;
        c.fillStyle = theme.lane;
        c.fillRect(x0 + 0.5, top + 1, Math.max(1, x1 - x0 - 1), LANE_HEIGHT - 3);
        const text = fitText(c, item.label, x1 - x0 - 6);
        if (!text) continue;
        c.fillStyle = theme.text;
        c.fillText(text, (x0 + x1) / 2, top + LANE_HEIGHT / 2 - 0.5);
      }
    });
  }

  const timeline = {
    root,
    time: 0,
    get dragging() {
      return dragging;
    },
    resize(width, ratio) {
      if (!width) return;
      size = [width, height, ratio];
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      drawStill();
    },
    retheme() {
      if (size) drawStill();
    },
    draw(time) {
      timeline.time = time;
      if (!size) return;
      const [width, , ratio] = size;
      const theme = look();
      const x = (Math.min(time, duration) / duration) * width;
      ctx.setTransform(1, 0, 0, 1, 0, 0);
      ctx.clearRect(0, 0, canvas.width, canvas.height);
      ctx.drawImage(still, 0, 0);
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      ctx.globalCompositeOperation = "source-atop"; // what has been played takes the accent
      ctx.globalAlpha = 0.75;
      ctx.fillStyle = theme.accent;
      ctx.fillRect(0, 0, x, WAVE_HEIGHT);
      ctx.globalCompositeOperation = "source-over";
      if (hover !== null && !dragging) {
        ctx.globalAlpha = 0.35;
        ctx.fillStyle = theme.text;
        ctx.fillRect((hover / duration) * width - 0.5, 0, 1, height);
      }
      ctx.globalAlpha = 1;
      ctx.fillStyle = theme.accent;
      ctx.fillRect(Math.max(0, Math.min(width - 2, x - 1)), 0, 2, height);
      root.setAttribute("aria-valuenow", time.toFixed(3));
      root.setAttribute("aria-valuetext", describe(time));
    },
  };
  return timeline;
}

/** The text, shortened to fit; nothing where not even one letter fits. */
function fitText(ctx, text, room) {
  if (room < 6) return "";
  if (ctx.measureText(text).width <= room) return text;
  for (let n = Math.min(text.length - 1, 40); n > 0; n -= 1) {
    const short = `${text.slice(0, n)}…`;
    if (ctx.measureText(short).width <= room) return short;
  }
  return "";
}
