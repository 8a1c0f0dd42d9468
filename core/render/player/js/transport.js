// Play, seek and step: everything that moves the clock, and the time that is shown.

import { inLoop, loopOf } from "./region.js";
import { EDGE } from "./timing.js";

/** `parts` as in player.js; the transport uses its clock, timeline, controls, drift, report and drawing. */
export function createTransport(parts) {
  const { data, view } = parts;
  const { header, stepping } = data;
  const loopNow = () => loopOf(view.region, stepping, header.hasVideo);

  const transport = {
    /** The video element; null where there is no picture. */
    video: () => (header.hasVideo && parts.clock.element ? parts.clock.element : null),
    inLoop: (time) => inLoop(view, time),
    /** Bring the clock in line with the settings. */
    apply() {
      const { clock } = parts;
      clock.setRate(view.rate);
      clock.setLoop(view.loop, loopNow());
      if (clock.playing && !transport.inLoop(clock.time())) clock.seek(loopNow().entry);
      parts.followers.apply();
      if (!clock.element) return;
      clock.element.muted = view.muted || header.heard !== null;
      clock.element.volume = view.volume;
    },
    play() {
      const { clock } = parts;
      parts.report.cancel();
      if (!transport.inLoop(clock.time())) clock.seek(loopNow().entry);
      else if (!clock.ended && clock.time() >= stepping.end - EDGE) clock.seek(0);
      Promise.resolve(clock.play()).catch((error) => {
        if (error.name === "NotAllowedError") parts.controls.say("The browser blocked the audio: press play.");
        parts.showState();
      });
    },
    /** Move to `time`; a `quiet` move is not reported to the page. */
    seek(time, { quiet = false } = {}) {
      const { clock } = parts;
      let to = Math.max(0, Math.min(time, header.duration));
      if (transport.video() && stepping.count) to = stepping.middle(stepping.frame(to)); // never on an edge of two frames
      if (clock.playing && !transport.inLoop(to)) to = loopNow().entry;
      clock.seek(to);
      parts.drift.jump();
      parts.timeline.reveal(to);
      if (!quiet && !clock.playing) parts.report.later();
      parts.drawing.wake();
    },
    goTo: (k) => transport.seek(stepping.middle(Math.max(0, Math.min(stepping.count - 1, k)))),
    step(by) {
      if (parts.clock.playing) parts.clock.pause();
      transport.goTo(stepping.frame(transport.shownTime()) + by);
    },
    /** The time to show. When paused, that of the picture on show, which seeks and pauses may leave up to a frame
     * behind the clock; so all panels agree. */
    shownTime() {
      const time = parts.clock.time();
      const video = transport.video();
      if (!video || parts.clock.playing || video.seeking) return time;
      const picture = parts.clock.pictureTime();
      return Math.abs(picture - time) < 2 / stepping.rate ? picture : time;
    },
    /** The paused position; of a video, the middle of the frame shown. */
    exactTime() {
      const middle = transport.video() && stepping.count;
      const time = middle ? stepping.middle(stepping.frame(transport.shownTime())) : parts.clock.time();
      return Math.round(time * 1e6) / 1e6;
    },
    describe(time) {
      const k = stepping.frame(time);
      return `${Math.max(0, k < 0 ? time : stepping.at(k)).toFixed(3)} s, frame ${k}`;
    },
  };
  return transport;
}
