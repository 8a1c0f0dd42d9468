// Part of the live module: the talk with the server (ui/live_route.py), and when a face is due.

const FRAME_HEADER = 16; // bytes: model, first frame, frames, milliseconds of work
const TALK_GONE = "The server does not answer: reload the page and speak again.";
const TALK_SLOW = "The connection is too slow for the sound.";
const MOST_UNSENT = 5; // seconds of sound that may wait for the network
const RECENT = 50; // pieces or frames over which delays are judged
const CATCH_UP = 2; // ms a frame
const JUST_NOW = 12; // frames whose delay is told
const MOST_QUEUED = 250; // frames

/** Put a value into a list of the last `RECENT`. */
function keepLast(list, value) {
  list.push(value);
  if (list.length > RECENT) list.shift();
}

/** The median; null of nothing. */
const usual = (list) => (list.length ? [...list].sort((a, b) => a - b)[list.length >> 1] : null);

/** The talk. `on` = {ready(models), frames(model, first, count, work, points), done(why), error(why)};
 * after done or error it says nothing more. */
function openTalk(address, rate, on) {
  const url = new URL(address, document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  let open = true;
  const finish = (tell, why) => {
    if (!open) return;
    open = false;
    socket.close();
    tell(why);
  };
  socket.onopen = () => socket.send(JSON.stringify({ rate }));
  socket.onclose = () => finish(on.error, TALK_GONE);
  socket.onmessage = ({ data }) => {
    if (!open) return;
    if (typeof data === "string") {
      const words = JSON.parse(data);
      if (words.ready) on.ready(words.ready);
      else if (words.error) finish(on.error, words.error);
      else finish(on.done, words.why);
      return;
    }
    const view = new DataView(data);
    const [model, first, count] = [0, 4, 8].map((at) => view.getUint32(at, true));
    on.frames(model, first, count, view.getFloat32(12, true), new Float32Array(data, FRAME_HEADER));
  };
  return {
    send(piece) {
      if (!open) return;
      socket.send(piece);
      if (socket.bufferedAmount > 2 * rate * MOST_UNSENT) finish(on.error, TALK_SLOW);
    },
    end: () => open && socket.send(JSON.stringify({ end: true })),
    close() {
      open = false;
      socket.close();
    },
  };
}

/** When a moment of the sound was heard, by the page's clock. Pieces reach the page late now and then and
 * never early, so the earliest of the last ones tell. */
function createHearing(rate) {
  let samples = 0;
  const origins = [];
  return {
    add(piece) {
      samples += piece.length;
      keepLast(origins, performance.now() - (1000 * samples) / rate);
    },
    seconds: () => samples / rate,
    /** Milliseconds of performance.now() at `seconds` of the sound. */
    at: (seconds) => Math.min(...origins) + 1000 * seconds,
  };
}

/** The frames of one model on their way to the screen. They come in bursts, one a piece of sound; each is due
 * as long after its sound as the latest of them come, so the face moves evenly. Where they come sooner again,
 * the face runs a little faster for a while. */
function createPacer(fps, hearing) {
  const queue = [];
  const late = []; // ms from a frame's sound to its arrival
  const shown = []; // the same to the screen
  let wait = 0; // ms from a frame's sound to when it is due
  const age = (frame) => performance.now() - hearing.at(frame / fps);
  return {
    add(first, count, points) {
      const width = points.length / count;
      for (let i = 0; i < count; i += 1) {
        keepLast(late, age(first + i));
        queue.push({ frame: first + i, points: points.subarray(i * width, (i + 1) * width) });
      }
      if (queue.length > MOST_QUEUED) queue.splice(0, queue.length - MOST_QUEUED); // nobody is looking
    },
    /** The newest frame that is due, once; null where there is none. */
    take() {
      const latest = Math.max(...late);
      wait = Math.max(wait, latest);
      let due = null;
      while (queue.length && age(queue[0].frame) >= wait - 1) due = queue.shift();
      if (!due) return null;
      keepLast(shown, age(due.frame));
      wait = Math.max(latest, wait - Math.max(CATCH_UP, 0.1 * (wait - latest)));
      return due;
    },
    waiting: () => queue.length,
    /** Milliseconds from a sound to its face, as they usually are now; null before the first face. */
    delay: () => usual(shown.slice(-JUST_NOW)),
  };
}
