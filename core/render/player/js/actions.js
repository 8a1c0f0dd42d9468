// What keys, buttons and menus can do, by name (see keys.js).

import { element } from "./dom.js";
import { edgeAt, moveEnd, snapRegion } from "./region.js";
import { SPEEDS, writeView } from "./settings.js";
import { EDGE } from "./timing.js";

/**
 * `parts` as in player.js.
 */
export function createActions(parts) {
  const { data, view, shell, permalink, change, transport } = parts;
  const { step, goTo, shownTime, exactTime } = transport;
  const { header, stepping } = data;
  const say = (text) => parts.controls.say(text);
  const region = () => view.region || [0, stepping.end];
  const loopRegion = (found) => change({ region: found, loop: true });
  const isFull = () => shell.getRootNode().fullscreenElement === shell;

  function speed(by) {
    const at = Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(view.rate) + by));
    change({ rate: SPEEDS[at] });
  }

  return {
    focus: () => shell.focus({ preventScroll: true }),
    isFull,
    toggle() {
      if (parts.clock.playing) parts.clock.pause();
      else transport.play();
    },
    back: () => step(-1),
    on: () => step(1),
    tenBack: () => step(-10),
    tenOn: () => step(10),
    first: () => goTo(0),
    last: () => goTo(stepping.count - 1),
    setRate: (rate) => change({ rate }),
    slower: () => speed(-1),
    faster: () => speed(1),
    toggleLoop: () => change({ loop: !view.loop }),
    setRegion: (a, b) => loopRegion(snapRegion(stepping, a, b)),
    moveRegion: (end, time, frames) => loopRegion(moveEnd(stepping, view.region, end, time, frames)),
    loopFrom() {
      const [start, end] = [stepping.at(stepping.frame(shownTime())), region()[1]];
      loopRegion(snapRegion(stepping, start, end > start + EDGE ? end : stepping.end));
    },
    loopTo() {
      const [k, start] = [stepping.frame(shownTime()), region()[0]];
      loopRegion(snapRegion(stepping, start <= stepping.at(k) + EDGE ? start : 0, edgeAt(stepping, k + 1)));
    },
    clearRegion: () => change({ region: null, loop: false }),
    toggleMute: () => change({ muted: !view.muted }),
    setVolume: (volume) => change({ volume, muted: false }),
    listen() {
      change({ muted: false, loop: false });
      transport.seek(0, { quiet: true });
      transport.play();
    },
    setMarkers: (markers) => change({ markers }),
    addMarker: () => parts.timeline.addMarker(exactTime(), 0.5 / stepping.rate),
    toggleSpectrum: () => change({ spectrum: !view.spectrum }),
    zoomIn: () => parts.timeline.zoom(1),
    zoomOut: () => parts.timeline.zoom(-1),
    zoomAll: () => parts.timeline.zoom(0),
    toggleDrift() {
      parts.controls.drift.hidden = !parts.controls.drift.hidden;
      parts.drawing.wake();
    },
    toggleHelp: () => parts.controls.toggleHelp(),
    closeHelp: () => (parts.controls.sheet.hidden ? false : parts.controls.toggleHelp(false)),
    toggleFullscreen() {
      const done = isFull() ? document.exitFullscreen() : shell.requestFullscreen();
      Promise.resolve(done).catch(() => say("The browser allows no full screen here."));
    },
    async copyLink() {
      const link = permalink.link(writeView(view, exactTime(), header));
      if (!link) return say("The notes are too long for a link: shorten them.");
      try {
        await navigator.clipboard.writeText(link);
      } catch {
        return say("The browser keeps its clipboard closed: copy the URL of the page.");
      }
      return say("Link copied.");
    },
    async snapshot() {
      try {
        const save = element("a");
        save.href = URL.createObjectURL(await parts.stage.snapshot());
        save.download = `speechmarks ${exactTime().toFixed(3)} s.png`;
        save.click();
        setTimeout(() => URL.revokeObjectURL(save.href), 60_000);
      } catch (error) {
        return say(`The picture could not be made: ${error.message}`);
      }
      return say("Picture saved.");
    },
    /** Actions that this player has no use for. */
    without: [
      ...(header.media ? [] : ["toggleMute"]),
      ...(data.spectrum ? [] : ["toggleSpectrum"]),
      ...(header.permalink ? [] : ["copyLink"]),
    ],
  };
}
