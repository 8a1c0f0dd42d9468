// Part of the player module: the ONE clock. A media element where there is one, else the system's clock.
// Every panel draws from it; nothing else in the player keeps time.

/** Clock over a <video> or <audio> element. */
function mediaClock(element, duration, notify) {
  let wanted = null; // a seek that waits for the running one: scrubbing never queues up
  let picture = null; // media time of the picture that is on show
  let anchor = null; // {media, wall} since when the two clocks are compared
  let frames = 0;
  let request = 0;
  let dead = false;
  const limit = () => Math.min(duration, Number.isFinite(element.duration) ? element.duration : duration);
  const hasFrames = typeof element.requestVideoFrameCallback === "function";
  const onFrame = (now, meta) => {
    if (dead) return;
    picture = meta.mediaTime;
    frames += 1;
    request = element.requestVideoFrameCallback(onFrame);
    notify("picture");
  };
  if (hasFrames) request = element.requestVideoFrameCallback(onFrame);
  const restart = () => {
    anchor = null;
  };
  const listeners = {
    play: () => notify("play"),
    pause: () => notify("pause"),
    ended: () => notify("ended"),
    waiting: restart,
    stalled: restart,
    ratechange: restart,
    loadeddata: () => notify("ready"),
    loadedmetadata: () => {
      if (wanted !== null) apply();
      notify("ready");
    },
    error: () => notify("error"),
    seeking: restart,
    seeked: () => {
      restart();
      if (wanted !== null) apply();
      else notify("seeked");
    },
  };
  for (const [name, listener] of Object.entries(listeners)) element.addEventListener(name, listener);
  function apply() {
    const target = wanted;
    wanted = null;
    element.currentTime = Math.max(0, Math.min(target, limit()));
  }
  return {
    kind: "media",
    element,
    get playing() {
      return !element.paused && !element.ended;
    },
    get ended() {
      return element.ended;
    },
    time: () => (wanted === null ? element.currentTime : wanted),
    /** Time of the picture on show, so that points over it agree with it. */
    pictureTime() {
      if (!hasFrames || picture === null) return element.currentTime;
      return picture;
    },
    play: () => element.play(),
    pause: () => element.pause(),
    seek(t) {
      wanted = t;
      if (element.readyState > 0 && !element.seeking) apply();
    },
    setRate(rate) {
      element.preservesPitch = true;
      element.playbackRate = rate;
    },
    setLoop(on) {
      element.loop = on;
    },
    /** Media time gained on the wall clock since playing started, in seconds. */
    drift() {
      if (element.paused || element.seeking || element.readyState < 3) {
        anchor = null;
        return 0;
      }
      const now = { media: element.currentTime, wall: performance.now() / 1000 };
      if (!anchor || now.media < anchor.media || !anchor.moving) {
        anchor = { ...now, moving: Boolean(anchor) && now.media > anchor.media }; // started for real
        return 0;
      }
      return now.media - anchor.media - (now.wall - anchor.wall) * element.playbackRate;
    },
    pictures: () => frames,
    destroy() {
      dead = true;
      if (hasFrames) element.cancelVideoFrameCallback(request);
      for (const [name, listener] of Object.entries(listeners)) {
        element.removeEventListener(name, listener);
      }
      element.pause();
    },
  };
}

/** Clock without sound, over performance.now(). */
function silentClock(duration, notify) {
  let base = 0;
  let since = null;
  let rate = 1;
  let loop = false;
  const now = () => performance.now() / 1000;
  const raw = () => (since === null ? base : base + (now() - since) * rate);
  const rebase = () => {
    base = clock.time();
    if (since !== null) since = now();
  };
  const clock = {
    kind: "silent",
    element: null,
    get playing() {
      return since !== null;
    },
    get ended() {
      return since === null && base >= duration;
    },
    time() {
      const t = raw();
      return loop && since !== null ? t % duration : Math.min(t, duration);
    },
    pictureTime: () => clock.time(),
    play() {
      if (since !== null) return Promise.resolve();
      if (base >= duration) base = 0;
      since = now();
      notify("play");
      return Promise.resolve();
    },
    pause() {
      if (since === null) return;
      base = clock.time();
      since = null;
      notify("pause");
    },
    seek(t) {
      base = Math.max(0, Math.min(t, duration));
      if (since !== null) since = now();
      notify("seeked");
    },
    setRate(value) {
      rebase();
      rate = value;
    },
    setLoop(on) {
      rebase();
      loop = on;
    },
    /** Called once a drawn frame: stops at the end. */
    tick() {
      if (since === null || loop || raw() < duration) return;
      base = duration;
      since = null;
      notify("ended");
    },
    drift: () => 0,
    pictures: () => 0,
    destroy() {
      since = null;
    },
  };
  return clock;
}
