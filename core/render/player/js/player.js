// The player: puts clock, stage, timeline and controls together, without a framework.

import { createActions } from "./actions.js";
import { mediaClock, silentClock } from "./clock.js";
import { createControls } from "./controls.js";
import { element } from "./dom.js";
import { createDrawing } from "./drawing.js";
import { createDrift } from "./drift.js";
import { createFollowers } from "./followers.js";
import { listenToKeys } from "./keys.js";
import { adoptMedia } from "./media.js";
import { createMenu } from "./menu.js";
import { createPermalink } from "./permalink.js";
import { createReport } from "./report.js";
import { defaultSettings } from "./settings.js";
import { createStage } from "./stage.js";
import { readTheme } from "./theme.js";
import { createTimeline } from "./timeline.js";
import { createTransport } from "./transport.js";
import { readBuffer } from "./unpack.js";

/**
 * A player inside `root` (an empty element that this call may fill).
 * options.buffer: Uint8Array of pack.py. options.mediaUrl: replaces the URL in the buffer. options.state: the
 * state() of an earlier player. options.media: an element to take over, options.videos: those of panels by URL.
 * options.locate(url): where a panel's own video is.
 * options.onEvent(name, value): called where the buffer asks for reports, never while playing: "time" with
 * seconds (of a video: the middle of the frame shown) when playing stops and when a paused position has settled;
 * "markers" with all of them when they have changed. Returns {retheme, state, destroy, leaveUrl}.
 *
 * `parts` holds what the modules share. Each takes it at creation and reads the others from it when called.
 */
export function createPlayer(root, { buffer, mediaUrl = null, onEvent = () => {}, state = null, media = null, videos, locate }) {
  const data = readBuffer(buffer);
  const { header } = data;
  if (mediaUrl) header.media = mediaUrl;
  const permalink = createPermalink(header);
  const before = state || permalink.open();
  const view = { ...defaultSettings(header), ...(before ? before.view : {}) };
  if (before && before.curves) view.curvesHidden = hiddenNow(header.curves, before);
  const parts = { data, view, permalink, change, showState, alive: true, clock: null, shell: createShell() };
  const { shell } = parts;
  let theme = readTheme(root);
  const look = () => theme;

  const drift = (parts.drift = createDrift(data, view));
  const transport = (parts.transport = createTransport(parts));
  const report = (parts.report = createReport(parts, header.reports ? onEvent : () => {}));
  const drawing = (parts.drawing = createDrawing(parts));
  const act = createActions(parts);
  const followers = (parts.followers = createFollowers(data, view, drawing.wake, { locate, adopted: videos }));
  const stage = (parts.stage = createStage(data, look, view, drawing.wake, change, followers));
  const onTimeline = { ...act, seek: (time) => transport.seek(time), describe: transport.describe };
  const timeline = (parts.timeline = createTimeline(data, look, view, onTimeline, change));
  const menu = createMenu(data, view, change);
  const controls = (parts.controls = createControls(act, { sound: Boolean(header.media || header.heard !== null), menu: menu.root }));
  const mediaElement = adoptMedia(header, media);
  parts.clock = mediaElement ? mediaClock(mediaElement, header.duration, onClock) : silentClock(header.duration, onClock);
  shell.append(stage.root, timeline.root, controls.root, controls.drift, controls.sheet, ...(mediaElement ? [mediaElement] : []));
  shell.append(...followers.elements);
  root.append(shell);

  const sizes = new ResizeObserver(drawing.layout);
  sizes.observe(shell);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", retheme);
  document.addEventListener("visibilitychange", drift.jump); // nothing is drawn while hidden
  shell.addEventListener("fullscreenchange", showState);
  const ends = [
    () => sizes.disconnect(),
    () => dark.removeEventListener("change", retheme),
    () => document.removeEventListener("visibilitychange", drift.jump),
    listenToKeys(shell, act),
    permalink.watch(report.writeUrl), // a rerun of the page may have replaced it
  ];
  change({});
  drawing.layout();
  begin();
  exposeForTests(parts);
  if (mediaElement?.error) onClock("error");

  function begin() {
    const opening = before ? before.time : header.start;
    if (opening && !(mediaElement && mediaElement === media)) transport.seek(opening, { quiet: true });
    if (before && before.playing) transport.play();
    else if (!before && header.autoplay && !window.matchMedia("(prefers-reduced-motion: reduce)").matches) {
      change({ muted: true, loop: true });
      transport.play();
    }
  }

  function onClock(name) {
    if (!parts.alive) return;
    if (name === "picture") return drawing.drawPicture();
    if (name === "error") return loseMedia();
    if (name === "play" || name === "ready") controls.say("");
    if (name === "play") drift.reset();
    if (name === "ready") drawing.layout();
    if (name === "pause" || name === "ended") report.now();
    if (name === "seeked" && !parts.clock.playing) report.later();
    if (name === "seeked") drift.jump();
    showState();
    drawing.wake();
  }

  /** The media cannot be played: say so and go on without it. */
  function loseMedia() {
    const time = parts.clock.time();
    parts.clock.destroy();
    parts.clock = silentClock(header.duration, onClock);
    change({});
    parts.clock.seek(time);
    const what = header.hasVideo ? "The video" : "The audio";
    controls.say(`${what} could not be loaded: playing without it.`);
  }

  function showState() {
    controls.update({ ...view, playing: parts.clock.playing, full: act.isFull() });
  }

  /** The one way in which what the viewer has set changes. */
  function change(settings) {
    Object.assign(view, settings);
    if (!parts.clock) return;
    transport.apply();
    controls.invite(Boolean(header.autoplay && header.media && view.muted));
    menu.update(view);
    timeline.update(settings);
    if (report.pending && !parts.clock.playing) report.later();
    report.writeUrl();
    showState();
    drawing.wake();
  }

  function retheme() {
    theme = readTheme(root);
    timeline.retheme();
    stage.retheme();
    drawing.wake();
  }

  return {
    retheme,
    /** All that a later player with the same or changed data should take over. */
    state: () => ({ view: { ...view }, curves: header.curves.map((c) => c.name), time: parts.clock.time(), playing: parts.clock.playing }),
    /** Take everything down; the media elements are handed back, still loaded, for a successor. */
    destroy() {
      parts.alive = false;
      report.destroy();
      drawing.destroy();
      for (const end of ends) end();
      parts.clock.destroy();
      const left = followers.destroy();
      shell.remove();
      return { media: mediaElement, videos: left };
    },
    leaveUrl: () => permalink.write(""),
  };
}

/** Positions of the curves that stay hidden; those that were not there before begin as the page asks. */
function hiddenNow(curves, before) {
  return curves.flatMap(({ name, hidden }, i) => {
    const k = before.curves.indexOf(name);
    return (k < 0 ? hidden : before.view.curvesHidden.includes(k)) ? [i] : [];
  });
}

function createShell() {
  const shell = element("div", "sm-player");
  shell.dataset.testid = "speechmarks-player";
  shell.tabIndex = 0;
  shell.setAttribute("role", "group");
  shell.setAttribute("aria-label", "Player. Press question mark for the keys.");
  return shell;
}

/** What the browser tests read, as a property of the player's element. */
function exposeForTests(parts) {
  const { data, view, shell, stage, transport, drawing, drift } = parts;
  const media = parts.clock.element;
  shell.__player = {
    time: () => parts.clock.time(),
    frame: () => data.stepping.frame(transport.shownTime()),
    frameShown: stage.debug.frame,
    draws: (i) => stage.panels[i].draws,
    pictures: () => parts.clock.pictures(),
    pictureTime: () => parts.clock.pictureTime(),
    drift: () => drift.read(),
    view,
    follower: (i) => parts.followers.video(i),
    change: parts.change,
    stage: stage.debug,
    draw: drawing.draw,
    seek: (t) => transport.seek(t),
    get playing() {
      return parts.clock.playing;
    },
    get clock() {
      return parts.clock.kind;
    },
    media,
  };
}
