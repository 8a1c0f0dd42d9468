// The drawing loop: runs while playing, and for a moment after every change.

const STAY_AWAKE = 300; // ms of drawing after the last change
const PICTURES_STALL = 250; // ms without a new picture after which the loop draws the video itself
const DRIFT_EVERY = 250; // ms between two readings of the drift

export function createDrawing(parts) {
  const { data, drift } = parts;
  const { stepping } = data;
  let request = 0;
  let awake = 0; // keep drawing until this time even when paused
  let pictured = -Infinity; // when a new picture was last drawn
  let readFrame = null; // the frame that the readout shows
  let driftRead = 0; // when the drift was last written

  function readout(time) {
    const { controls } = parts;
    const k = stepping.frame(time);
    if (k !== readFrame || k < 0) controls.readout(k < 0 ? time : Math.max(0, stepping.at(k)), k);
    readFrame = k;
    if (controls.drift.hidden || performance.now() - driftRead < DRIFT_EVERY) return;
    driftRead = performance.now();
    controls.drift.textContent = drift.text();
  }

  function loop() {
    const { clock, stage, transport } = parts;
    request = 0;
    if (!parts.alive) return;
    clock.tick();
    if (clock.playing && !transport.video()?.seeking) drift.note(clock.time(), stage.debug.frame);
    drawing.draw();
    if (clock.playing || performance.now() < awake) request = requestAnimationFrame(loop);
  }

  const drawing = {
    wake() {
      awake = performance.now() + STAY_AWAKE;
      if (!request && parts.alive) request = requestAnimationFrame(loop);
    },
    draw() {
      const { clock, stage, timeline, transport } = parts;
      const time = transport.shownTime();
      const video = transport.video();
      const picture = video ? clock.pictureTime() : time;
      const recent = performance.now() - pictured < PICTURES_STALL;
      const followed = clock.playing && (recent || !transport.inLoop(picture)); // by drawPicture
      parts.followers.follow(clock.playing ? clock.time() : time, clock.playing);
      stage.draw(time, video, picture, !followed);
      timeline.draw(clock.playing || timeline.dragging ? clock.time() : time, clock.playing);
      readout(time);
    },
    /** Called with each new picture, the one moment when its time and its pixels surely belong together. */
    drawPicture() {
      const { clock, stage, transport, report } = parts;
      pictured = performance.now();
      if (!clock.playing || transport.inLoop(clock.pictureTime())) stage.drawPictures(transport.video(), clock.pictureTime());
      if (!clock.playing && report.begun) report.later(); // a pause may be told before its picture is there
      drawing.wake();
    },
    /** Follow the space there is. */
    layout() {
      const { stage, timeline, transport } = parts;
      const ratio = window.devicePixelRatio || 1;
      if (!parts.alive || !stage.layout(transport.video(), ratio)) return;
      timeline.resize(stage.root.clientWidth, ratio);
      drawing.draw();
      drawing.wake();
    },
    destroy: () => cancelAnimationFrame(request),
  };
  return drawing;
}
