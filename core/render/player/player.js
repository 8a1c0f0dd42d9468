// Part of the player module: puts clock, stage, timeline and controls together, without a framework.

const SETTLED = 350; // ms without change before a paused position is reported

/**
 * A player inside `root` (an empty element that this call may fill).
 * options.buffer: Uint8Array of pack.py. options.onEvent(name, value), never while playing: "time" with
 * seconds (of a video: the middle of the frame shown) when playing stops and when a paused position has
 * settled; "markers" with all of them when they have changed. options.state: what an earlier player's
 * state() gave. options.media: an element to take over. Returns {destroy, retheme, state, ...}.
 */
function createPlayer(root, { buffer, onEvent = () => {}, state = null, media = null }) {
  const data = readBuffer(buffer);
  const { header, stepping } = data;
  const address = createAddress(header);
  const before = state || address.open();
  const view = { ...defaultSettings(header), ...(before ? before.view : {}) };
  let theme = readTheme(root);
  const look = () => theme;
  let alive = true;
  let request = 0;
  let awake = 0; // keep drawing until this time even when paused
  let settle = 0;
  let addressing = 0;
  let reported = null;
  let markersTold = view.markers;
  let clock = null;
  let drawn = -Infinity; // when a new picture was last drawn
  let readK = null; // the frame that the readout shows
  let driftRead = 0; // when the drift was last written

  const shell = element("div", "sm-player");
  shell.dataset.testid = "speechmarks-player";
  shell.tabIndex = 0;
  shell.setAttribute("role", "group");
  shell.setAttribute("aria-label", "Player. Press question mark for the keys.");
  const drift = createDrift(data, view);
  const parts = { data, view, shell, address, change, play, seek, goTo, shownTime, exactTime, wake, clock: () => clock };
  const act = createActions(parts);
  const stage = (parts.stage = createStage(data, look, view, wake, change));
  const timeline = (parts.timeline = createTimeline(data, look, view, { ...act, seek, describe }, change));
  const menu = createMenu(data, view, change);
  const controls = (parts.controls = createControls(act, { sound: Boolean(header.media), menu: menu.root }));
  shell.append(stage.root, timeline.root, controls.root, controls.drift, controls.sheet);

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
  const deafen = listenToKeys(shell, act);
  const night = window.matchMedia("(prefers-color-scheme: dark)");
  night.addEventListener("change", retheme);
  shell.addEventListener("fullscreenchange", showState);
  const unwatch = address.watch(keepAddress); // a rerun of the page may have replaced it
  document.addEventListener("visibilitychange", drift.jump); // nothing is drawn while hidden
  change({});
  layout();
  const opening = before ? before.time : header.start;
  if (opening && !(owned && owned === media)) seek(opening, true);
  if (before && before.playing) play();
  else if (!before && header.autoplay && !window.matchMedia("(prefers-reduced-motion: reduce)").matches) {
    change({ muted: true, loop: true });
    play();
  }
  if (owned && owned.error) onClock("error");

  function onClock(name) {
    if (!alive) return;
    if (name === "picture") return drawVideo();
    if (name === "error") return loseMedia();
    if (name === "play" || name === "ready") controls.say("");
    if (name === "play") drift.reset();
    if (name === "ready") layout();
    if (name === "pause" || name === "ended") report();
    if (name === "seeked" && !clock.playing) reportLater();
    if (name === "seeked") drift.jump();
    showState();
    wake();
  }

  /** The media cannot be played: say so and go on without it. */
  function loseMedia() {
    const time = clock.time();
    clock.destroy();
    clock = silentClock(header.duration, onClock);
    change({});
    clock.seek(time);
    const what = header.hasVideo ? "The video" : "The sound";
    controls.say(`${what} could not be loaded: playing without it.`);
  }

  function showState() {
    controls.update({ ...view, playing: clock.playing, full: act.isFull() });
  }

  /** The one way in which what the viewer has set changes. */
  function change(settings) {
    Object.assign(view, settings);
    if (!clock) return;
    clock.setRate(view.rate);
    clock.setLoop(view.loop, looped());
    if (clock.playing && !inRegion(clock.time())) clock.seek(looped().entry);
    if (clock.element) {
      clock.element.muted = view.muted;
      clock.element.volume = view.volume;
    }
    controls.invite(Boolean(header.autoplay && header.media && view.muted));
    menu.update(view);
    timeline.update(settings);
    if (view.markers !== markersTold && !clock.playing) reportLater();
    keepAddress();
    showState();
    wake();
  }

  /** The region as the clock takes it; a video is entered in the middle of the first frame. */
  function looped() {
    if (!view.region) return null;
    const [start, end] = view.region;
    return { start, end, entry: header.hasVideo ? stepping.middle(stepping.frame(start + EDGE)) : start };
  }

  function inRegion(time) {
    const part = view.loop ? view.region : null;
    return !part || (time >= part[0] - EDGE && time < part[1] - EDGE);
  }

  function play() {
    clearTimeout(settle);
    if (!inRegion(clock.time())) clock.seek(looped().entry);
    else if (!clock.ended && clock.time() >= stepping.end - 1e-3) clock.seek(0);
    Promise.resolve(clock.play()).catch((error) => {
      if (error.name === "NotAllowedError") controls.say("The browser blocked sound: press play.");
      showState();
    });
  }

  function seek(time, quiet = false) {
    let to = Math.max(0, Math.min(time, header.duration));
    if (video() && stepping.count) to = stepping.middle(stepping.frame(to)); // never on an edge of two frames
    if (clock.playing && !inRegion(to)) to = looped().entry;
    clock.seek(to);
    drift.jump();
    timeline.reveal(to);
    if (!quiet && !clock.playing) reportLater();
    wake();
  }

  function goTo(k) {
    seek(stepping.middle(Math.max(0, Math.min(stepping.count - 1, k))));
  }

  /** The paused position; of a video, the middle of the frame shown. */
  function exactTime() {
    const time = video() && stepping.count ? stepping.middle(stepping.frame(shownTime())) : clock.time();
    return Math.round(time * 1e6) / 1e6;
  }

  function report() {
    clearTimeout(settle);
    keepAddress();
    const time = exactTime();
    if (time !== reported) onEvent("time", (reported = time));
    if (view.markers !== markersTold) onEvent("markers", (markersTold = view.markers));
  }

  function reportLater() {
    clearTimeout(settle);
    settle = setTimeout(() => {
      if (alive && timeline.dragging) reportLater();
      else if (alive && !clock.playing) report();
    }, SETTLED);
  }

  /** Keep the page's address in line with what is shown, once that has settled; never during play. */
  function keepAddress() {
    clearTimeout(addressing);
    addressing = setTimeout(() => {
      if (alive && !clock.playing) address.write(writeView(view, exactTime(), header));
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
    clock.tick();
    if (clock.playing && !(video() && video().seeking)) drift.note(clock.time(), stage.debug.frame);
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
    const picture = video() ? clock.pictureTime() : time;
    const followed = clock.playing && (performance.now() - drawn < 250 || !inRegion(picture)); // by drawVideo
    stage.draw(time, video(), picture, !followed);
    timeline.draw(clock.playing || timeline.dragging ? clock.time() : time, clock.playing);
    readout(time);
  }

  function readout(time) {
    const k = stepping.frame(time);
    if (k !== readK || k < 0) controls.readout(k < 0 ? time : Math.max(0, stepping.at(k)), k);
    readK = k;
    if (controls.drift.hidden || performance.now() - driftRead < 250) return;
    driftRead = performance.now();
    controls.drift.textContent = drift.text();
  }

  /** Called with each new picture, the one moment when its time and its pixels surely belong together. */
  function drawVideo() {
    drawn = performance.now();
    if (!clock.playing || inRegion(clock.pictureTime())) stage.drawPictures(video(), clock.pictureTime());
    if (!clock.playing && reported !== null) reportLater(); // a pause may be told before its picture is there
    wake();
  }

  function layout() {
    const ratio = window.devicePixelRatio || 1;
    if (!alive || !stage.layout(video(), ratio)) return;
    timeline.resize(stage.root.clientWidth, ratio);
    draw();
    wake();
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
    state: () => ({ view: { ...view }, time: clock.time(), playing: clock.playing }),
    /** Take everything down; the media element is handed back, still loaded, for a successor. */
    destroy() {
      alive = false;
      clearTimeout(settle);
      clearTimeout(addressing);
      cancelAnimationFrame(request);
      sizes.disconnect();
      deafen();
      unwatch();
      document.removeEventListener("visibilitychange", drift.jump);
      night.removeEventListener("change", retheme);
      clock.destroy();
      shell.remove();
      return owned;
    },
    leaveAddress: () => address.write(""),
  };
  shell.__player = {
    time: () => clock.time(),
    frame: () => stepping.frame(shownTime()),
    frameShown: stage.debug.frame,
    draws: (i) => stage.panels[i].draws,
    pictures: () => clock.pictures(),
    pictureTime: () => clock.pictureTime(),
    drift: () => drift.read(),
    view,
    change,
    stage: stage.debug,
    draw,
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
