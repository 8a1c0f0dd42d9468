// The points of one frame over its very picture: drag them, or move them by keys.
// Python gives the frame and its points; what is done goes back as a list of what Python has not
// heard yet, each with a number, so that nothing is lost or done twice while the page runs. The list is a
// trigger value: Streamlit keeps those, unlike state, when another page is opened before it has run this one.

const SVG = "http://www.w3.org/2000/svg";
const MOUNTED = new WeakMap(); // Streamlit's parent element -> the editor inside it
const WAIT = 350; // ms after the last key before its way is told
const SPREAD_REACH = 3; // radius of a circle, in spreads of its landmark
const NEAR = 9; // px around a point within which it is taken

export default function (component) {
  const { data, parentElement: parent, setTriggerValue } = component;
  let editor = MOUNTED.get(parent);
  if (!editor) MOUNTED.set(parent, (editor = createEditor(parent)));
  editor.update(data, setTriggerValue);
  return () => {
    editor.destroy();
    MOUNTED.delete(parent);
  };
}

function make(name, attributes = {}, ...children) {
  const svg = ["svg", "g", "image", "path", "circle", "line", "text"].includes(name);
  const node = svg ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function createEditor(parent) {
  const root = make("div", { class: "pe" });
  const bar = make("div", { class: "pe-bar", role: "toolbar", "aria-label": "View and point" });
  const stage = make("div", { class: "pe-stage" });
  const svg = make("svg", { class: "pe-svg", tabindex: "-1", role: "application", "aria-label": "Points of this frame" });
  const image = make("image", { preserveAspectRatio: "none" });
  const links = make("path", { class: "pe-edges" });
  const strays = make("g");
  const circles = make("g");
  const dots = make("g");
  const status = make("div", { class: "pe-status", "aria-live": "polite" });
  const keys = make("div", { class: "pe-keys" });
  svg.append(image, links, circles, strays, dots);
  stage.append(svg);
  root.append(bar, stage, status, keys);
  parent.append(root);

  let data = null;
  let say = () => {};
  let view = null; // { x, y, scale }: centre in the picture's pixels, screen pixels for each
  let part = null; // the part that the view is on; null once it was moved by hand
  let selected = null;
  let numbers = false;
  let spread = false;
  let counter = Date.now();
  let unheard = []; // what Python has not answered yet
  let local = new Map(); // point -> [x, y] as it stands here, until Python says the same
  let timer = null;
  let walked = new Set(); // points that keys moved and that were not told yet
  let grab = null;

  const at = (k) => (local.has(k) ? local.get(k) : data.points[k]);
  const tell = (deed, points = []) => {
    unheard.push({ seq: ++counter, frame: data.frame, do: deed, points });
    say("deeds", [...unheard]);
  };
  const flush = () => {
    clearTimeout(timer);
    timer = null;
    if (!walked.size) return;
    tell("move", [...walked].map((k) => [k, ...local.get(k)]));
    walked = new Set();
  };

  // --- view -----------------------------------------------------------------------------------
  const size = () => ({ w: stage.clientWidth || 640, h: stage.clientHeight || 480 });

  function look(name) {
    const { w, h } = size();
    let box = [0, 0, data.width, data.height];
    const shown = (data.parts[name] || []).map((k) => at(k) || data.near[k]).filter(Boolean);
    if (shown.length) {
      const xs = shown.map((p) => p[0]);
      const ys = shown.map((p) => p[1]);
      const pad = 0.18 * Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys), 12);
      box = [Math.min(...xs) - pad, Math.min(...ys) - pad, Math.max(...xs) + pad, Math.max(...ys) + pad];
    }
    part = name;
    view = {
      x: (box[0] + box[2]) / 2,
      y: (box[1] + box[3]) / 2,
      scale: Math.min(w / (box[2] - box[0]), h / (box[3] - box[1])),
    };
    draw();
  }

  function zoom(factor, x = view.x, y = view.y) {
    const scale = Math.min(80, Math.max(0.05, view.scale * factor));
    const ratio = view.scale / scale;
    view = { x: x + (view.x - x) * ratio, y: y + (view.y - y) * ratio, scale };
    part = null;
    draw();
  }

  function place(event) {
    const box = svg.getBoundingClientRect();
    return [
      view.x + (event.clientX - box.left - box.width / 2) / view.scale,
      view.y + (event.clientY - box.top - box.height / 2) / view.scale,
    ];
  }

  // --- drawing --------------------------------------------------------------------------------
  function draw() {
    if (!data || !view) return;
    const { w, h } = size();
    const s = view.scale;
    svg.setAttribute("viewBox", `${view.x - w / s / 2} ${view.y - h / s / 2} ${w / s} ${h / s}`);
    image.classList.toggle("pe-pixels", s >= 3);
    links.setAttribute(
      "d",
      data.edges
        .filter(([a, b]) => at(a) && at(b))
        .map(([a, b]) => `M${at(a)[0]} ${at(a)[1]}L${at(b)[0]} ${at(b)[1]}`)
        .join(""),
    );
    strays.replaceChildren();
    circles.replaceChildren(...data.points.flatMap((_, k) => {
      const radius = spread && data.spread ? SPREAD_REACH * data.spread[k] : 0; // 0 where it is unknown
      if (!radius || local.has(k) || !at(k)) return []; // a landmark that was moved has no spread
      return [make("circle", { cx: at(k)[0], cy: at(k)[1], r: radius, class: "pe-spread" })];
    }));
    for (let k = 0; k < data.points.length; k++) {
      const group = dots.children[k];
      const p = at(k);
      group.toggleAttribute("hidden", !p);
      group.style.display = p ? "" : "none";
      if (!p) continue;
      group.setAttribute("transform", `translate(${p[0]} ${p[1]}) scale(${1 / s})`);
      const moved = local.has(k) || data.edited.includes(k);
      group.classList.toggle("pe-moved", moved);
      group.classList.toggle("pe-selected", k === selected);
      group.setAttribute("aria-label", `${data.names[k]}, ${p[0].toFixed(1)}, ${p[1].toFixed(1)}${moved ? ", corrected" : ""}`);
      group.setAttribute("tabindex", k === (selected ?? firstShown()) ? "0" : "-1");
      group.lastChild.textContent = numbers || k === selected ? k : "";
      const from = data.detected[k];
      if (moved && from && Math.hypot(from[0] - p[0], from[1] - p[1]) * s > 3) {
        strays.append(make("line", { x1: from[0], y1: from[1], x2: p[0], y2: p[1], class: "pe-stray" }));
      }
    }
    const p = selected === null ? null : at(selected);
    const lost = data.points.filter((q, k) => !at(k)).length;
    status.textContent =
      selected !== null
        ? p
          ? `${data.names[selected]} · ${p[0].toFixed(1)}, ${p[1].toFixed(1)} px`
          : `${data.names[selected]} · missing`
        : lost === data.points.length
          ? "No face was found in this frame."
          : lost
            ? `${lost} points are missing in this frame.`
            : "Drag a point, or click it and use the arrow keys.";
    for (const button of bar.querySelectorAll("[data-look]")) {
      button.setAttribute("aria-pressed", String(button.dataset.look === part));
    }
    for (const button of bar.querySelectorAll("[data-point]")) button.disabled = selected === null;
    bar.querySelector("[data-spread]").hidden = !data.spread;
  }

  const firstShown = () => data.points.findIndex((_, k) => at(k));

  function select(k, focus = true) {
    selected = k;
    draw();
    if (focus && k !== null && at(k)) dots.children[k].focus({ preventScroll: true });
  }

  // --- what is done ---------------------------------------------------------------------------
  function move(k, x, y) {
    local.set(k, [Math.round(x * 100) / 100, Math.round(y * 100) / 100]);
    draw();
  }

  function drop(deed) {
    if (selected === null) return;
    flush();
    local.set(selected, deed === "missing" ? null : data.detected[selected]);
    tell(deed, [[selected]]);
    draw();
    if (!at(selected)) svg.focus({ preventScroll: true }); // what is hidden loses the keys
  }

  function step(way) {
    const count = data.points.length;
    let k = selected ?? (way > 0 ? count - 1 : 0);
    for (let tries = 0; tries < count; tries++) {
      k = (k + way + count) % count;
      if (at(k)) return select(k);
    }
  }

  const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  root.addEventListener("keydown", (event) => {
    if (!data) return;
    const word = event.ctrlKey || event.metaKey;
    const way = WAYS[event.key];
    let used = true;
    if (word && event.key.toLowerCase() === "z") {
      flush();
      tell(event.shiftKey ? "redo" : "undo");
    } else if (word && event.key.toLowerCase() === "y") {
      flush();
      tell("redo");
    } else if (word || event.altKey) {
      used = false;
    } else if (way && selected !== null && at(selected)) {
      const reach = event.shiftKey ? 10 : 1;
      const [x, y] = at(selected);
      move(selected, x + way[0] * reach, y + way[1] * reach);
      walked.add(selected);
      clearTimeout(timer);
      timer = setTimeout(flush, WAIT);
    } else if (event.key === "PageDown") step(1);
    else if (event.key === "PageUp") step(-1);
    else if (event.key === "Delete") drop("missing");
    else if (event.key === "r") drop("restore");
    else if (event.key === "[" || event.key === "]") {
      flush();
      tell(event.key === "]" ? "next" : "back");
    } else if (event.key === "+" || event.key === "=") zoom(1.4);
    else if (event.key === "-") zoom(1 / 1.4);
    else if (event.key === "Escape") select(null);
    else used = false;
    if (used) {
      event.preventDefault();
      event.stopPropagation();
    }
  });

  // Who leaves the editor may leave the page next: its last keys are sent before that.
  root.addEventListener("pointerleave", flush);
  root.addEventListener("focusout", (event) => root.contains(event.relatedTarget) || flush());
  window.addEventListener("pagehide", flush);

  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !data) return;
    const [x, y] = place(event);
    let best = null;
    let least = NEAR / view.scale;
    data.points.forEach((_, k) => {
      const p = at(k);
      const away = p ? Math.hypot(p[0] - x, p[1] - y) : Infinity;
      if (away < least) [best, least] = [k, away];
    });
    event.preventDefault();
    svg.setPointerCapture(event.pointerId);
    svg.focus({ preventScroll: true });
    if (best === null) grab = { view: { ...view }, from: [event.clientX, event.clientY] };
    else {
      const p = at(best);
      grab = { point: best, offset: [p[0] - x, p[1] - y], start: [...p] };
      select(best);
    }
  });
  svg.addEventListener("pointermove", (event) => {
    if (!grab) return;
    if (grab.point === undefined) {
      view.x = grab.view.x - (event.clientX - grab.from[0]) / view.scale;
      view.y = grab.view.y - (event.clientY - grab.from[1]) / view.scale;
      part = null;
      draw();
      return;
    }
    const [x, y] = place(event);
    move(grab.point, x + grab.offset[0], y + grab.offset[1]);
  });
  const release = (event) => {
    if (!grab) return;
    const { point, start, from } = grab;
    grab = null;
    if (point === undefined) {
      if (Math.hypot(event.clientX - from[0], event.clientY - from[1]) < 3) select(null);
      return;
    }
    const p = at(point);
    if (Math.hypot(p[0] - start[0], p[1] - start[1]) * view.scale < 1) {
      if (!walked.has(point) && !unheard.length) local.delete(point);
      draw();
      return;
    }
    walked.add(point);
    flush();
  };
  svg.addEventListener("pointerup", release);
  svg.addEventListener("pointercancel", release);
  svg.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // plain turning scrolls the page
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 300), ...place(event));
    },
    { passive: false },
  );
  const watch = new ResizeObserver(() => (part ? look(part) : draw()));
  watch.observe(stage);

  // --- the bar --------------------------------------------------------------------------------
  function button(text, title, run, attributes = {}) {
    const node = make("button", { type: "button", title, ...attributes }, text);
    node.addEventListener("click", run);
    bar.append(node);
    return node;
  }
  function fillBar() {
    bar.replaceChildren();
    for (const name of ["Picture", ...Object.keys(data.parts)]) {
      button(name, `Show the ${name.toLowerCase()}`, () => look(name), { "data-look": name });
    }
    button("−", "Smaller (-)", () => zoom(1 / 1.4), { "aria-label": "Smaller" });
    button("+", "Larger (+)", () => zoom(1.4), { "aria-label": "Larger" });
    const shown = button("Numbers", "Show the number of each point", () => {
      numbers = !numbers;
      shown.setAttribute("aria-pressed", String(numbers));
      draw();
    });
    shown.setAttribute("aria-pressed", String(numbers));
    const circled = button("Spread", `Circles of ${SPREAD_REACH} times the standard deviation of each landmark over the detector's boxes`, () => {
      spread = !spread;
      circled.setAttribute("aria-pressed", String(spread));
      draw();
    }, { "data-spread": "" });
    circled.setAttribute("aria-pressed", String(spread));
    bar.append(make("span", { class: "pe-gap" }));
    button("Missing", "Mark this point as missing (Delete)", () => drop("missing"), { "data-point": "" });
    button("As detected", "Restore the detected point (R)", () => drop("restore"), { "data-point": "" });
    keys.textContent =
      "Arrows move by 1 px, with Shift by 10 · Page up/down: another point · Delete: missing · R: as detected · " +
      "[ ]: frame before, after · Ctrl+Z: undo · Ctrl+wheel: zoom, drag the picture to move it";
  }

  function update(given, setTriggerValue) {
    const first = data === null;
    say = setTriggerValue;
    unheard = unheard.filter((deed) => deed.seq > given.seen);
    const other = first || given.frame !== data.frame || given.track !== data.track;
    if (other) {
      if (!first) flush();
      local = new Map();
      if (first || given.track !== data.track) selected = null;
    } else if (!unheard.length && !walked.size && !grab) {
      local = new Map();
    }
    data = given;
    if (image.getAttribute("href") !== given.url) image.setAttribute("href", given.url);
    image.setAttribute("width", given.width);
    image.setAttribute("height", given.height);
    while (dots.children.length > given.points.length) dots.lastChild.remove();
    while (dots.children.length < given.points.length) {
      const k = dots.children.length;
      const group = make("g", { class: "pe-point", role: "button", "data-point-number": k },
        make("circle", { r: 4.5 }), make("text", { x: 7, y: -5 }));
      group.addEventListener("focus", () => selected !== k && select(k, false));
      dots.append(group);
    }
    if (first) fillBar();
    if (first || (other && part)) look(first ? given.look : part);
    else draw();
  }

  return {
    update,
    destroy() {
      flush();
      window.removeEventListener("pagehide", flush);
      watch.disconnect();
      root.remove();
    },
  };
}
