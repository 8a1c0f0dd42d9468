// Last part of the player module: puts clock, panels, timeline and controls together, without a
// framework (createPlayer), and the entry that Streamlit calls (default export).

const PANEL_GAP = 12;
const PANEL_MIN_HEIGHT = 180;
const PANEL_MAX_HEIGHT = 480;
const SETTLED = 350; // ms without change before a paused position is reported

/**
 * A player inside `root` (an empty element that this call may fill).
 * options.buffer: Uint8Array of pack.py. options.onEvent(name, value): "time" with seconds (of a
 * video: the middle of the frame shown), when playing stops and when a paused position has settled; never
 * while playing. options.state: what an earlier
 * player's state() gave. options.media: an element to take over. Returns {destroy, retheme, state, ...}.
 */
function createPlayer(root, { buffer, onEvent = () => {}, state = null, media = null }) {
  const data = readBuffer(buffer);
  const { header, stepping } = data;
  const now = { rate: 1, loop: false, muted: false, volume: 1, ...(state || {}) };
  let theme = readTheme(root);
  const look = () => theme;
  let alive = true;
  let request = 0;
  let awake = 0; // keep drawing until this time even when paused
  let hovered = false;
  let settle = 0;
  let reported = null;
  let clock = null;
  let drawn = -Infinity; // when a new picture was last drawn

  const shell = element("div", "sm-player");
  shell.dataset.testid = "speechmarks-player";
  shell.tabIndex = 0;
  shell.setAttribute("role", "group");
  shell.setAttribute("aria-label", "Player. Press question mark for the keys.");
  const grid = element("div", "sm-panels");
  const panels = header.panels.map((spec) => createPanel(spec, data, look, wake));
  panels.forEach((panel, i) => {
    // a style picked in the player outlives new data, unless the page itself asks for another one
    const asked = header.panels[i].style;
    if (now.styles && now.asked && now.asked[i] === asked) panel.style = now.styles[i] || asked;
    grid.append(panel.root);
  });
  const timeline = createTimeline(data, look, { seek, describe });
  const act = {
    toggle,
    step,
    setRate,
    toggleLoop: () => change({ loop: !now.loop }),
    toggleMute: () => change({ muted: !now.muted }),
    setVolume: (volume) => change({ volume, muted: false }),
    listen: () => {
      change({ muted: false, loop: false });
      seek(0, true);
      play();
    },
    toggleHelp: () => controls.toggleHelp(),
    focus: () => shell.focus({ preventScroll: true }),
  };
  const controls = createControls(act, { sound: Boolean(header.media) });
  shell.append(grid, timeline.root, controls.root, controls.sheet);

  const mediaUrl = header.media ? new URL(header.media, document.baseURI).href : null;
  let owned = null;
  if (mediaUrl) {
    owned = media && media.dataset.url === mediaUrl ? media : element(header.hasVideo ? "video" : "audio");
    if (owned !== media) {
      owned.dataset.url = mediaUrl;
      owned.preload = "auto";
      owned.playsInline = true;
      owned.src = mediaUrl;
    }
    owned.className = "sm-media";
    owned.tabIndex = -1;
    owned.setAttribute("aria-hidden", "true");
    shell.append(owned);
    clock = mediaClock(owned, header.duration, onClock);
  } else clock = silentClock(header.duration, onClock);
  const video = () => (header.hasVideo && clock.element ? clock.element : null);

  root.append(shell);
  const sizes = new ResizeObserver(layout);
  sizes.observe(shell);
  document.addEventListener("keydown", onKey);
  shell.addEventListener("pointerenter", () => (hovered = true));
  shell.addEventListener("pointerleave", () => (hovered = false));
  const night = window.matchMedia("(prefers-color-scheme: dark)");
  night.addEventListener("change", retheme);
  change({});
  layout();
  const opening = state ? state.time : header.start;
  if (opening && !(owned && owned === media)) seek(opening, true);
  if (state && state.playing) play();
  else if (!state && header.autoplay && !window.matchMedia("(prefers-reduced-motion: reduce)").matches) {
    change({ muted: true, loop: true });
    play();
  }
  if (owned && owned.error) onClock("error");

  function onClock(name) {
    if (!alive) return;
    if (name === "picture") return drawVideo();
    if (name === "error") return loseMedia();
    if (name === "play" || name === "ready") controls.say("");
    if (name === "ready") layout();
    if (name === "pause" || name === "ended") report();
    if (name === "seeked" && !clock.playing) reportLater();
    showState();
    wake();
  }

  /** The media cannot be played: say so and go on without it. */
  function loseMedia() {
    const time = clock.time();
    clock.destroy();
    clock = silentClock(header.duration, onClock);
    clock.setRate(now.rate);
    clock.setLoop(now.loop);
    clock.seek(time);
    const what = header.hasVideo ? "The video" : "The sound";
    controls.say(`${what} could not be loaded: playing without it.`);
    showState();
    wake();
  }

  function showState() {
    controls.update({ ...now, playing: clock.playing });
  }

  function change(settings) {
    Object.assign(now, settings);
    clock.setRate(now.rate);
    clock.setLoop(now.loop);
    if (clock.element) {
      clock.element.muted = now.muted;
      clock.element.volume = now.volume;
    }
    controls.invite(Boolean(header.autoplay && header.media && now.muted));
    showState();
  }

  function setRate(rate) {
    change({ rate });
  }

  function play() {
    clearTimeout(settle);
    if (!clock.ended && clock.time() >= stepping.end - 1e-3) clock.seek(0);
    Promise.resolve(clock.play()).catch((error) => {
      if (error.name === "NotAllowedError") controls.say("The browser blocked sound: press play.");
      showState();
    });
  }

  function toggle() {
    if (clock.playing) clock.pause();
    else play();
  }

  function seek(time, quiet = false) {
    let to = Math.max(0, Math.min(time, header.duration));
    if (video() && stepping.count) to = stepping.middle(stepping.frame(to)); // never on an edge of two frames
    clock.seek(to);
    if (!quiet && !clock.playing) reportLater();
    wake();
  }

  function goTo(k) {
    seek(stepping.middle(Math.max(0, Math.min(stepping.count - 1, k))));
  }

  function step(by) {
    if (clock.playing) clock.pause();
    goTo(stepping.frame(shownTime()) + by);
  }

  function report() {
    clearTimeout(settle);
    const exact = video() && stepping.count ? stepping.middle(stepping.frame(shownTime())) : clock.time();
    const time = Math.round(exact * 1e6) / 1e6;
    if (time === reported) return;
    reported = time;
    onEvent("time", time);
  }

  function reportLater() {
    clearTimeout(settle);
    settle = setTimeout(() => {
      if (alive && !clock.playing && !timeline.dragging) report();
      else if (alive && timeline.dragging) reportLater();
    }, SETTLED);
  }

  function describe(time) {
    const k = stepping.frame(time);
    return `${Math.max(0, k < 0 ? time : stepping.at(k)).toFixed(3)} s, frame ${k}`;
  }

  function wake() {
    awake = performance.now() + 300;
    if (!request && alive) request = requestAnimationFrame(loop);
  }

  function loop() {
    request = 0;
    if (!alive) return;
    if (clock.tick) clock.tick();
    draw();
    if (clock.playing || performance.now() < awake) request = requestAnimationFrame(loop);
  }

  /** The time to show: when paused, that of the picture on show, which seeks and pauses may leave
   * up to a frame behind the clock; so everything that stands still agrees. */
  function shownTime() {
    const time = clock.time();
    if (!video() || clock.playing || video().seeking) return time;
    const picture = clock.pictureTime();
    return Math.abs(picture - time) < 2 / stepping.rate ? picture : time;
  }

  function draw() {
    const time = shownTime();
    const followed = clock.playing && performance.now() - drawn < 250; // by drawVideo
    for (const panel of panels) {
      if (!panel.isVideo) panel.draw(time, null);
      else if (!followed) panel.draw(video() ? clock.pictureTime() : time, video());
    }
    timeline.draw(clock.playing || timeline.dragging ? clock.time() : time);
    const k = stepping.frame(time);
    controls.readout(k < 0 ? time : Math.max(0, stepping.at(k)), k);
  }

  /** Called with each new picture, the one moment when its time and its pixels surely belong together. */
  function drawVideo() {
    drawn = performance.now();
    for (const panel of panels) if (panel.isVideo) panel.draw(clock.pictureTime(), video());
    wake();
  }

  /** Panels in as few rows as keep them tall enough, all of one height, filling the width. */
  function layout() {
    const width = grid.clientWidth;
    if (!width || !alive) return;
    const ratio = window.devicePixelRatio || 1;
    const shapes = panels.map((panel) => panel.aspect(video()));
    let rows = 1;
    let heights;
    do {
      heights = splitRows(shapes, rows).map(
        (row) => (width - PANEL_GAP * (row.length - 1)) / row.reduce((s, i) => s + shapes[i], 0),
      );
      rows += 1;
    } while (Math.min(...heights) < PANEL_MIN_HEIGHT && rows <= panels.length);
    const height = Math.round(Math.min(PANEL_MAX_HEIGHT, Math.min(...heights)));
    for (const row of splitRows(shapes, rows - 1)) {
      const total = row.reduce((s, i) => s + shapes[i], 0);
      const room = width - PANEL_GAP * (row.length - 1);
      for (const i of row) {
        const w = Math.floor((room * shapes[i]) / total);
        panels[i].root.style.width = `${w}px`;
        panels[i].resize(w - 2, height, ratio);
      }
    }
    timeline.resize(timeline.root.clientWidth, ratio);
    draw();
    wake();
  }

  function onKey(event) {
    const path = event.composedPath();
    const inside = path.includes(shell);
    const target = path[0];
    if (!inside && !(hovered && (target === document.body || target === document.documentElement))) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const tag = target.tagName;
    const key = event.key;
    if (inside && (tag === "SELECT" || (tag === "INPUT" && key !== " "))) return;
    if (inside && tag === "BUTTON" && (key === " " || key === "Enter")) return;
    const faster = SPEEDS.findIndex((rate) => rate >= now.rate);
    const run = {
      " ": toggle,
      ArrowLeft: () => step(event.shiftKey ? -10 : -1),
      ArrowRight: () => step(event.shiftKey ? 10 : 1),
      Home: () => goTo(0),
      End: () => goTo(stepping.count - 1),
      "-": () => setRate(SPEEDS[Math.max(0, faster - 1)]),
      "+": () => setRate(SPEEDS[Math.min(SPEEDS.length - 1, faster + 1)]),
      l: act.toggleLoop,
      m: act.toggleMute,
      "?": act.toggleHelp,
      Escape: controls.sheet.hidden ? null : () => controls.toggleHelp(false),
    }[key];
    if (!run) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.repeat && key === " ") return;
    run();
  }

  function retheme() {
    theme = readTheme(root);
    timeline.retheme();
    for (const panel of panels) panel.retheme();
    wake();
  }

  const player = {
    retheme,
    /** All that a later player with the same or changed data should take over. */
    state: () => ({
      ...now,
      time: clock.time(),
      playing: clock.playing,
      styles: panels.map((panel) => panel.style),
      asked: header.panels.map((spec) => spec.style),
    }),
    /** Take everything down; the media element is handed back, still loaded, for a successor. */
    destroy() {
      alive = false;
      clearTimeout(settle);
      cancelAnimationFrame(request);
      sizes.disconnect();
      document.removeEventListener("keydown", onKey);
      night.removeEventListener("change", retheme);
      clock.destroy();
      shell.remove();
      return owned;
    },
  };
  shell.__player = {
    time: () => clock.time(),
    frame: () => stepping.frame(shownTime()),
    frameShown: (i) => panels[i].frame,
    draws: (i) => panels[i].draws,
    pictures: () => clock.pictures(),
    pictureTime: () => clock.pictureTime(),
    drift: () => clock.drift(),
    seek: (t) => seek(t),
    get playing() {
      return clock.playing;
    },
    get clock() {
      return clock.kind;
    },
    media: owned,
  };
  return player;
}

/** Indices of the panels, in `rows` rows of about equal total width. */
function splitRows(shapes, rows) {
  const per = Math.ceil(shapes.length / rows);
  const found = [];
  for (let i = 0; i < shapes.length; i += per) {
    found.push(shapes.map((_, k) => k).slice(i, i + per));
  }
  return found;
}

const MOUNTED = new WeakMap(); // Streamlit's parent element -> what runs inside it
const REMEMBERED = new Map(); // content -> state of a player that has gone, newest last
const REMEMBER = 20;

/** Streamlit calls this at the first mount and again after every rerun or change of theme. */
export default function (component) {
  const { data, parentElement: parent, setStateValue } = component;
  const send = (name, value) => MOUNTED.get(parent)?.component.setStateValue(name, value);
  let mounted = MOUNTED.get(parent);
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const hash = hashBytes(bytes);
  if (mounted && mounted.hash === hash) {
    mounted.component = { setStateValue };
    mounted.player.retheme();
    return mounted.unmount;
  }
  const state = mounted ? mounted.player.state() : REMEMBERED.get(hash) || null;
  const media = mounted ? mounted.player.destroy() : null;
  mounted = { hash, component: { setStateValue } };
  MOUNTED.set(parent, mounted);
  mounted.unmount = () => {
    if (MOUNTED.get(parent) !== mounted) return;
    MOUNTED.delete(parent);
    REMEMBERED.delete(hash);
    REMEMBERED.set(hash, { ...mounted.player.state(), playing: false });
    if (REMEMBERED.size > REMEMBER) REMEMBERED.delete(REMEMBERED.keys().next().value);
    const left = mounted.player.destroy();
    if (left) {
      left.removeAttribute("src"); // stop the download, too
      left.load();
    }
  };
  mounted.player = createPlayer(parent, { buffer: bytes, onEvent: send, state, media });
  return mounted.unmount;
}

export { createPlayer };
