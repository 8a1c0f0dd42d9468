// Last part of the live module: the component that hears a microphone and shows faces that follow it.

const LIVE_ICONS = {
  Speak: "M12 4a2.500 2.500 0 0 0-2.500 2.500v5a2.500 2.500 0 0 0 5 0v-5A2.500 2.500 0 0 0 12 4zM6.500 11.500a5.500 5.500 0 0 0 11 0M12 17v3.500M9 20.500h6",
  Stop: "M7 7h10v10H7z",
};
const QUIETEST = -60; // dB, the left end of the level meter
const SILENT_AFTER = 3; // seconds without anything louder
const PRIVACY = "The sound goes to this workbench alone and is forgotten unless you keep it.";
const MUTE = "Nothing is heard: is the microphone muted?";

/** The component inside `root`. `bytes`: faces at rest as pack.py packs them. `delays`, `piece`: what the server
 * promises, in seconds. `address`: where the talk is. keep() asks Python for the recording. */
function createLive(root, { bytes, address, delays, piece, keep }) {
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

  const bar = element("div", "sm-controls");
  const button = element("button", "sm-button sm-speak");
  const keeper = element("button", "sm-button sm-keep", "Keep the recording");
  for (const made of [button, keeper]) made.type = "button";
  const clock = element("span", "sm-seconds");
  clock.title = "Seconds heard";
  const meter = createMeter();
  const status = element("div", "sm-status");
  status.setAttribute("role", "status");
  bar.append(button, meter.root, clock, keeper, status);
  const panels = element("div", "sm-panels");
  panels.append(...faces.map((face) => face.root));
  shell.append(bar, panels);
  root.append(shell);

  let state = "idle"; // then asking, running, ending, stopped
  let run = null; // what goes on while somebody speaks: {mic, talk, hearing, pacers, work}
  let seconds = 0; // heard in the last run
  let keepable = false;
  let request = 0;
  let alive = true;

  const LABELS = { idle: "Speak", asking: "Cancel", running: "Stop", ending: "Stopping …", stopped: "Speak" };
  button.addEventListener("click", () => {
    if (state === "running") stop();
    else if (state === "asking") abandon("");
    else if (state !== "ending") speak();
  });
  keeper.addEventListener("click", () => {
    keepable = false;
    show();
    tell("Keeping the recording …");
    keep();
  });

  function tell(text, bad = false) {
    status.setAttribute("role", bad ? "alert" : "status");
    status.classList.toggle("sm-bad", bad);
    status.textContent = text;
    status.title = text;
  }

  function show() {
    const label = LABELS[state];
    const held = root.activeElement === button || document.activeElement === button;
    button.replaceChildren(lineIcon(state === "running" || state === "ending" ? "Stop" : "Speak"), element("span", "", label));
    button.disabled = state === "ending";
    button.classList.toggle("sm-running", state === "running");
    if (held) button.focus();
    keeper.hidden = !(keepable && state === "stopped");
    const busy = state === "running" || state === "ending";
    meter.root.hidden = !busy;
    clock.hidden = !busy && state !== "stopped";
    clock.textContent = `${seconds.toFixed(1)} s`;
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
      meter.set(peak);
      if (20 * Math.log10(peak) > QUIETEST) mine.loud = seconds;
      const mute = seconds - mine.loud > SILENT_AFTER;
      if (state === "running" && mute !== (status.textContent === MUTE)) tell(mute ? MUTE : "");
      clock.textContent = `${seconds.toFixed(1)} s`;
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
    meter.set(0);
    show();
    await mine.mic.stop();
    if (run === mine) mine.talk.end();
  }

  function finish(mine, why, bad = false) {
    mine.mic.close();
    keepable = seconds > 0;
    state = keepable ? "stopped" : "idle";
    const words = [mine.why, why].filter(Boolean).join(" ");
    tell(words || (keepable ? "Keep what was heard, or speak again." : ""), bad || Boolean(mine.why));
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
    if (alive && shell.clientWidth) layoutFaces(faces, panels.clientWidth, window.devicePixelRatio || 1);
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
      tell("The models have changed: keep what was heard, or speak again.");
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

function lineIcon(name) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  const path = document.createElementNS(ns, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", LIVE_ICONS[name]);
  path.setAttribute("fill", name === "Stop" ? "currentColor" : "none");
  path.setAttribute("stroke", "currentColor");
  svg.append(path);
  return svg;
}

/** The loudest sample of each piece, in decibels below full scale. */
function createMeter() {
  const root = element("span", "sm-meter");
  const bar = element("span", "sm-level");
  const number = element("span", "sm-decibels");
  root.setAttribute("role", "meter");
  root.setAttribute("aria-label", "Level");
  root.setAttribute("aria-valuemin", String(QUIETEST));
  root.setAttribute("aria-valuemax", "0");
  bar.append(element("span"));
  root.append(bar, number);
  const set = (peak) => {
    const level = Math.max(QUIETEST, Math.min(0, 20 * Math.log10(Math.max(peak, 1e-9))));
    const text = level > QUIETEST ? `${level < -0.5 ? "−" : ""}${Math.abs(Math.round(level))} dB` : "silent";
    bar.firstChild.style.transform = `scaleX(${1 - level / QUIETEST})`;
    root.classList.toggle("sm-loud", level > -1);
    root.setAttribute("aria-valuenow", String(Math.round(level)));
    root.setAttribute("aria-valuetext", text);
    number.textContent = text;
  };
  set(0);
  return { root, set };
}

const LIVE = new WeakMap(); // Streamlit's parent element -> what runs inside it

/** Streamlit calls this at the first mount and again after every rerun or change of theme. */
export default function (component) {
  const { data, parentElement: parent } = component;
  let mounted = LIVE.get(parent);
  const same = mounted && mounted.buffer === data.buffer && mounted.address === data.address;
  if (!same) {
    const heard = mounted ? mounted.live.heard() : 0;
    if (mounted) mounted.live.destroy();
    mounted = { buffer: data.buffer, address: data.address, note: mounted ? mounted.note : data.note.number };
    const bytes = Uint8Array.from(atob(data.buffer), (c) => c.charCodeAt(0));
    const keep = () => mounted.component.setTriggerValue("keep", true);
    mounted.live = createLive(parent, { ...data, bytes, keep });
    LIVE.set(parent, mounted);
    mounted.live.resume(heard);
  } else mounted.live.retheme();
  mounted.component = component;
  if (data.note.number !== mounted.note) {
    mounted.note = data.note.number;
    mounted.live.answer(data.note);
  }
  mounted.unmount ||= () => {
    if (LIVE.get(parent) !== mounted) return;
    LIVE.delete(parent);
    mounted.live.destroy();
  };
  return mounted.unmount;
}
