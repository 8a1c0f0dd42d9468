// Videos that panels bring themselves: each follows the clock of the player.

import { element } from "./dom.js";

const JUMP = 0.25; // s off the clock from which a playing video is moved
const CLOSE = 0.012; // s off the clock that are left alone
const MOST_TRIM = 0.12; // of the speed, which brings a playing video back to the clock
const PULL = 3; // of the speed for each second off the clock

/**
 * `wake` is called when one of them has a new picture. `adopted`: elements of an earlier player by URL.
 * Positions are those of header.panels; a panel without media of its own has no video here.
 */
export function createFollowers(data, view, wake, { locate = (url) => url, adopted = new Map() } = {}) {
  const { panels, heard } = data.header;
  const elements = new Map(); // by URL, to be handed over
  const all = panels.map(({ media }, index) => {
    if (!media) return null;
    const url = new URL(locate(media.url), document.baseURI).href;
    const video = adopted.get(url) || element("video");
    adopted.delete(url);
    if (!video.src) video.src = url;
    video.preload = "auto";
    video.playsInline = true;
    video.className = "sm-media";
    video.tabIndex = -1;
    video.setAttribute("aria-hidden", "true");
    elements.set(url, video);
    const follower = { index, media, video, picture: null, request: 0, shift: () => ownShift(index) };
    const onFrame = (now, meta) => {
      follower.picture = meta.mediaTime;
      follower.request = video.requestVideoFrameCallback(onFrame);
      wake();
    };
    if (video.requestVideoFrameCallback) follower.request = video.requestVideoFrameCallback(onFrame);
    for (const name of ["loadeddata", "seeked"]) video.addEventListener(name, wake);
    return follower;
  });
  for (const left of adopted.values()) release(left);
  const present = all.filter(Boolean);

  /** Seconds that the viewer has shifted a panel by. */
  function ownShift(index) {
    return ((view.shifts && view.shifts[index]) || 0) / panels[index].media.timing.rate;
  }

  function followPlaying({ media, video, shift }, time) {
    const at = time - shift();
    const { timing } = media;
    if (at < timing.at(0) || at >= timing.end) return video.pause();
    const off = video.currentTime + media.shift - at;
    if (video.paused || Math.abs(off) > JUMP) {
      if (!video.seeking) video.currentTime = at - media.shift;
    }
    if (video.paused) Promise.resolve(video.play()).catch(() => {}); // the browser may ask for a click first
    const trim = Math.abs(off) < CLOSE ? 0 : Math.max(-MOST_TRIM, Math.min(MOST_TRIM, -PULL * off));
    const rate = view.rate * (1 + trim);
    if (Math.abs(video.playbackRate - rate) > 0.004) video.playbackRate = rate;
    return undefined;
  }

  function followPaused({ media, video, shift }, time) {
    if (!video.paused) video.pause();
    const { timing } = media;
    const to = timing.middle(timing.frame(time - shift())) - media.shift;
    if (video.readyState > 0 && !video.seeking && Math.abs(video.currentTime - to) > 0.4 / timing.rate) {
      video.currentTime = to;
    }
  }

  return {
    elements: present.map(({ video }) => video),
    video: (index) => (all[index] ? all[index].video : null),
    /** The time on the clock of the picture that a panel shows. */
    time(index, time) {
      const follower = all[index];
      if (!follower) return time;
      const { media, video, picture, shift } = follower;
      const now = picture === null || video.seeking ? video.currentTime : picture;
      return now + media.shift + shift();
    },
    apply() {
      for (const { index, video } of present) {
        video.muted = view.muted || heard !== index;
        video.volume = view.volume;
        video.preservesPitch = true;
      }
    },
    /** Bring all to the time of the clock. */
    follow(time, playing) {
      for (const follower of present) (playing ? followPlaying : followPaused)(follower, time);
    },
    destroy() {
      for (const { video, request } of present) {
        if (video.cancelVideoFrameCallback) video.cancelVideoFrameCallback(request);
        for (const name of ["loadeddata", "seeked"]) video.removeEventListener(name, wake);
        video.pause();
      }
      return elements;
    },
  };
}

/** Stop the download of an element that nothing shows any more. */
export function release(video) {
  video.removeAttribute("src");
  video.load();
}
