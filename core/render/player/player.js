// Part of the player module: puts clock, stage, timeline and controls together, without a framework.

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
  const stage = createStage(data, look, now, wake);
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
  shell.append(stage.root, timeline.root, controls.root, controls.sheet);

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
    stage.draw(time, video(), video() ? clock.pictureTime() : time, !followed);
    timeline.draw(clock.playing || timeline.dragging ? clock.time() : time);
    const k = stepping.frame(time);
    controls.readout(k < 0 ? time : Math.max(0, stepping.at(k)), k);
  }

  /** Called with each new picture, the one moment when its time and its pixels surely belong together. */
  function drawVideo() {
    drawn = performance.now();
    stage.drawPictures(video(), clock.pictureTime());
    wake();
  }

  function layout() {
    const ratio = window.devicePixelRatio || 1;
    if (!alive || !stage.layout(video(), ratio)) return;
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
    stage.retheme();
    wake();
  }

  const player = {
    retheme,
    /** All that a later player with the same or changed data should take over. */
    state: () => ({
      ...now,
      time: clock.time(),
      playing: clock.playing,
      ...stage.styles(),
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
    frameShown: (i) => stage.panels[i].frame,
    draws: (i) => stage.panels[i].draws,
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
