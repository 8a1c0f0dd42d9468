// The WebSocket connection to the server (ui/live/route.py).

const FRAME_HEADER = 16; // bytes: model, first frame, frames, milliseconds of work
const TALK_GONE = "The server does not answer: reload the page and speak again.";
const TALK_SLOW = "The connection is too slow for the audio.";
const MOST_UNSENT = 5; // seconds of sound that may wait for the network

/** The talk. `on` = {ready(models), frames(model, first, count, work, points), done(why), error(why)};
 * after done or error it says nothing more. */
export function openTalk(address, rate, on) {
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
