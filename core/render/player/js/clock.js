// The only clock: a media element where there is one, else the system's clock. Every panel draws from it.

import { EDGE } from "./timing.js";

/** Clock over a <video> or <audio> element. */
export function mediaClock(element, duration, notify) {
  let wanted = null; // a seek that waits for the running one: scrubbing never queues up
  let picture = null; // media time of the picture that is on show
  let region = null; // {start, end, entry} that is played over and over
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
  const listeners = {
    play: () => notify("play"),
    pause: () => notify("pause"),
    ended: () => notify("ended"),
    timeupdate: () => clock.tick(), // pages in the background are not drawn, but heard
    loadeddata: () => notify("ready"),
    loadedmetadata: () => {
      if (wanted !== null) apply();
      notify("ready");
    },
    error: () => notify("error"),
    seeked: () => {
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
  const clock = {
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
    /** Over and over: everything, or {start, end, entry} with the time to jump to. */
    setLoop(on, part = null) {
      element.loop = on;
      region = on ? part : null;
    },
    /** Called before a frame is drawn: jumps back where the region has been left. */
    tick() {
      if (!region || element.paused || element.seeking || wanted !== null) return;
      const t = element.currentTime;
      if (t >= region.end - EDGE || t < region.start - EDGE) clock.seek(region.entry);
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
  return clock;
}

/** Clock without sound. `now` gives seconds. */
export function silentClock(duration, notify, now = () => performance.now() / 1000) {
  let base = 0;
  let since = null;
  let rate = 1;
  let loop = null; // [start, end] that is played over and over
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
      if (!loop || since === null) return Math.min(t, duration);
      return t < loop[1] ? t : loop[0] + ((t - loop[0]) % (loop[1] - loop[0]));
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
    setLoop(on, part = null) {
      rebase();
      loop = on ? [part ? part.start : 0, (part ? part.end : duration) - EDGE] : null;
    },
    /** Called once a drawn frame: stops at the end. */
    tick() {
      if (since === null || loop || raw() < duration) return;
      base = duration;
      since = null;
      notify("ended");
    },
    pictures: () => 0,
    destroy() {
      since = null;
    },
  };
  return clock;
}
