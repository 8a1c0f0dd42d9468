// The live component: sends the microphone to the server and shows the faces that come back.

import { element } from "./dom.js";
import { planFaces } from "./layout.js";
import { QUIETEST } from "./level_meter.js";
import { createLiveBar } from "./live_bar.js";
import { createLiveFace } from "./live_face.js";
import { openMicrophone } from "./live_mic.js";
import { openTalk } from "./live_talk.js";
import { createHearing, createPacer } from "./pacer.js";
import { keepLast, usual } from "./recent.js";
import { readTheme } from "./theme.js";
import { readBuffer } from "./unpack.js";

const SILENT_AFTER = 3; // seconds without anything louder
const PRIVACY = "The audio goes to this server only and is deleted unless you keep it.";
const MUTE = "No audio arrives: is the microphone muted?";

/** The component inside `root`. `bytes`: faces at rest as pack.py packs them. `delays`, `piece`: what the server
 * promises, in seconds. `address`: URL of the WebSocket. keep() asks Python for the recording. */
export function createLive(root, { bytes, address, delays, piece, keep }) {
  const data = readBuffer(bytes);
  let theme = readTheme(root);
  const look = () => theme;
  const view = { hidden: [], numbers: false, trails: 0, ghost: false, shifts: [], turn: [] };
  const shell = element("div", "sm-player sm-live");
  shell.dataset.testid = "speechmarks-live";
  shell.tabIndex = -1;
  shell.setAttribute("role", "group");
  shell.setAttribute("aria-label", "Live microphone");
  const faces = data.header.panels.map((spec, i) => createLiveFace(spec, i, data, look, view, (index, turn) => {
    view.turn[index] = turn;
    faces[index].draw();
  }));

  const bar = createLiveBar(press, keepRecording);
  const { tell } = bar;
  const panels = element("div", "sm-panels");
  panels.append(...faces.map((face) => face.root));
  shell.append(bar.root, panels);
  root.append(shell);

  let state = "idle"; // then asking, running, ending, stopped
  let run = null; // what goes on while somebody speaks: {mic, talk, hearing, pacers, work}
  let seconds = 0; // heard in the last run
  let keepable = false;
  let request = 0;
  let alive = true;

  function press() {
    if (state === "running") stop();
    else if (state === "asking") abandon("");
    else if (state !== "ending") speak();
  }

  function keepRecording() {
    keepable = false;
    show();
    tell("Keeping the recording …");
    keep();
  }

  function show() {
    bar.show(state, keepable);
    bar.clock(seconds);
  }

  async function speak() {
    const mine = (run = { pacers: [], work: [], heard: 0 });
    const current = () => alive && run === mine;
    state = "asking";
    keepable = false;
    seconds = 0;
    for (const face of faces) face.relax();
    tell("Waiting for the microphone …");
    show();
    try {
      mine.mic = await openMicrophone((why) => current() && stop(why));
    } catch (error) {
      if (current()) abandon(error.message);
      return;
    }
    if (!current()) {
      mine.mic.close();
      return;
    }
    mine.hearing = createHearing(mine.mic.rate);
    mine.talk = openTalk(address, mine.mic.rate, {
      ready: (models) => current() && begin(mine, models),
      frames: (...frames) => current() && arrive(mine, ...frames),
      done: (why) => current() && finish(mine, why),
      error: (why) => current() && finish(mine, why, true),
    });
  }

  function begin(mine, models) {
    mine.pacers = models.map(({ fps }) => createPacer(fps, mine.hearing));
    mine.work = models.map(() => []);
    models.forEach(({ delay }, i) => faces[i].promise(delay, piece)); // at this microphone's rate
    mine.loud = 0;
    state = "running";
    tell("");
    show();
    mine.mic.start(piece, (samples, peak) => {
      mine.hearing.add(samples);
      mine.talk.send(samples);
      seconds = mine.hearing.seconds();
      bar.level(peak);
      if (20 * Math.log10(peak) > QUIETEST) mine.loud = seconds;
      const mute = seconds - mine.loud > SILENT_AFTER;
      if (state === "running" && mute !== (bar.words === MUTE)) tell(mute ? MUTE : "");
      bar.clock(seconds);
    });
  }

  function arrive(mine, model, first, count, work, points) {
    mine.pacers[model].add(first, count, points);
    keepLast(mine.work[model], work);
    if (!request) request = requestAnimationFrame(() => draw(mine));
  }

  function draw(mine) {
    request = 0;
    if (!alive || run !== mine) return;
    mine.pacers.forEach((pacer, i) => {
      const due = pacer.take();
      if (due) faces[i].show(due.frame, due.points);
      if (due && state === "running") faces[i].measure(pacer.delay(), usual(mine.work[i]));
    });
    if (mine.pacers.some((pacer) => pacer.waiting())) request = requestAnimationFrame(() => draw(mine));
  }

  /** The voice ends here; the faces that it still owes are waited for. */
  async function stop(why = "") {
    if (state !== "running") return;
    const mine = run;
    mine.why = why;
    state = "ending";
    bar.level(0);
    show();
    await mine.mic.stop();
    if (run === mine) mine.talk.end();
  }

  function finish(mine, why, bad = false) {
    mine.mic.close();
    keepable = seconds > 0;
    state = keepable ? "stopped" : "idle";
    const words = [mine.why, why].filter(Boolean).join(" ");
    tell(words || (keepable ? "Keep the recording, or speak again." : ""), bad || Boolean(mine.why));
    show();
  }

  /** Give up before anything was heard. */
  function abandon(why) {
    if (run?.talk) run.talk.close();
    if (run?.mic) run.mic.close();
    run = null;
    state = "idle";
    tell(why || PRIVACY, Boolean(why));
    show();
  }

  function layout() {
    if (!alive || !shell.clientWidth) return;
    const { width, height } = planFaces(faces.map((face) => face.aspect()), panels.clientWidth);
    for (const face of faces) face.resize(width, height, window.devicePixelRatio || 1);
  }
  const sizes = new ResizeObserver(layout);
  sizes.observe(shell);
  const night = window.matchMedia("(prefers-color-scheme: dark)");
  night.addEventListener("change", retheme);

  function retheme() {
    theme = readTheme(root);
    for (const face of faces) face.retheme();
  }

  faces.forEach((face, i) => face.promise(delays[i], piece));
  tell(PRIVACY);
  show();
  layout();
  const live = {
    retheme,
    /** What Python says of a recording that it was asked to keep. */
    answer({ text, bad }) {
      if (state !== "stopped" && state !== "idle") return;
      keepable = bad && seconds > 0;
      tell(text, bad);
      show();
    },
    get busy() {
      return state === "asking" || state === "running" || state === "ending";
    },
    /** The page shows other models now: what was heard up to here can be kept. */
    resume(heard) {
      if (!heard) return;
      seconds = heard;
      keepable = true;
      state = "stopped";
      tell("The models have changed: keep the recording, or speak again.");
      show();
    },
    heard: () => (state === "running" || state === "ending" || keepable ? seconds : 0),
    destroy() {
      alive = false;
      cancelAnimationFrame(request);
      if (run?.talk) run.talk.close();
      if (run?.mic) run.mic.close();
      sizes.disconnect();
      night.removeEventListener("change", retheme);
      shell.remove();
    },
  };
  shell.__live = {
    get state() {
      return state;
    },
    seconds: () => seconds,
    faces,
    work: (i) => usual(run.work[i]),
  };
  return live;
}
