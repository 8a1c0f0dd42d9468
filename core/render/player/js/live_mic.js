// The microphone as pieces of mono int16 audio.

const MIC_ERRORS = {
  NotAllowedError: "The browser may not use the microphone: allow it for this page and speak again.",
  SecurityError: "The browser may not use the microphone: allow it for this page and speak again.",
  NotFoundError: "No microphone was found: plug one in and speak again.",
  OverconstrainedError: "No microphone was found: plug one in and speak again.",
  NotReadableError: "The microphone does not answer: another program may hold it.",
  AbortError: "The microphone does not answer: another program may hold it.",
};

const MIC_INSECURE =
  "Browsers give a microphone only to pages under https or on this computer itself: open this page there.";

const MIC_GONE = "The microphone has gone.";
const FALLBACK_BUFFER = 4096; // samples, where there are no worklets

/** Cuts sound into pieces of `size` samples; `give(piece, peak)` gets each, and what is left at `flush`.
 * It stands on its own: its text runs in the audio thread, too. */
function createCutter(size, give) {
  const piece = new Int16Array(size);
  let filled = 0;
  let peak = 0;
  const flush = () => {
    if (filled) give(piece.slice(0, filled), peak);
    filled = peak = 0;
  };
  return {
    flush,
    add(channels) {
      const count = channels.length ? channels[0].length : 0;
      for (let i = 0; i < count; i += 1) {
        let value = 0;
        for (const channel of channels) value += channel[i] / channels.length;
        peak = Math.max(peak, Math.abs(value));
        piece[filled] = Math.max(-32768, Math.min(32767, Math.round(value * 32768)));
        filled += 1;
        if (filled === size) flush();
      }
    },
  };
}

const WORKLET = `
${createCutter}
registerProcessor("speechmarks-ear", class extends AudioWorkletProcessor {
  constructor({ processorOptions: { size } }) {
    super();
    this.on = true;
    const cutter = createCutter(size, (piece, peak) => this.port.postMessage({ piece, peak }, [piece.buffer]));
    this.cutter = cutter;
    this.port.onmessage = () => {
      cutter.flush();
      this.on = false;
      this.port.postMessage({ ended: true });
    };
  }
  process([channels]) {
    if (this.on) this.cutter.add(channels);
    return this.on;
  }
});
`;

/** Ask for the microphone. Gives {rate, start(seconds, onPiece), stop(), close()}; raises an Error with a
 * sentence. `start` begins to give pieces of `seconds`; `stop` resolves when the last one has been given. */
export async function openMicrophone(onGone) {
  if (!window.isSecureContext || !navigator.mediaDevices) throw new Error(MIC_INSECURE);
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 };
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio, video: false });
  } catch (error) {
    throw new Error(MIC_ERRORS[error.name] || `The microphone cannot be opened (${error.name}).`);
  }
  const context = new AudioContext({ latencyHint: "interactive" });
  let ear = null;
  const close = () => {
    for (const track of stream.getTracks()) {
      track.onended = null;
      track.stop();
    }
    if (ear) ear.disconnect();
    if (context.state !== "closed") context.close();
  };
  for (const track of stream.getTracks()) track.onended = () => onGone(MIC_GONE);
  try {
    await context.resume();
    const source = context.createMediaStreamSource(stream);
    const begin = await prepareEar(context);
    return {
      rate: context.sampleRate,
      close,
      start(seconds, onPiece) {
        ear = begin(Math.round(seconds * context.sampleRate), onPiece);
        source.connect(ear);
        ear.connect(context.destination); // it gives silence; without this some browsers do not run it
      },
      async stop() {
        if (ear) await ear.finish();
        close();
      },
    };
  } catch (error) {
    close();
    throw new Error(`The audio of the microphone cannot be read here (${error.name}).`, { cause: error });
  }
}

/** What makes the node that listens: in the audio thread, or in this one where a page may not do that. */
async function prepareEar(context) {
  const address = URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" }));
  try {
    await context.audioWorklet.addModule(address);
    return (size, onPiece) => workletEar(context, size, onPiece);
  } catch (error) {
    console.info(`The microphone is read without an audio worklet (${error.name}).`);
    return (size, onPiece) => scriptEar(context, size, onPiece);
  } finally {
    URL.revokeObjectURL(address);
  }
}

function workletEar(context, size, onPiece) {
  const ear = new AudioWorkletNode(context, "speechmarks-ear", { processorOptions: { size } });
  let finished = () => {};
  ear.port.onmessage = ({ data }) => (data.ended ? finished() : onPiece(data.piece, data.peak));
  ear.finish = () => new Promise((done) => {
    finished = done;
    setTimeout(done, 500); // an audio thread that has died does not answer
    ear.port.postMessage("end");
  });
  return ear;
}

function scriptEar(context, size, onPiece) {
  const ear = context.createScriptProcessor(FALLBACK_BUFFER, 1, 1);
  const cutter = createCutter(size, onPiece);
  ear.onaudioprocess = (event) => cutter.add([event.inputBuffer.getChannelData(0)]);
  ear.finish = async () => {
    ear.onaudioprocess = null;
    cutter.flush();
  };
  return ear;
}
