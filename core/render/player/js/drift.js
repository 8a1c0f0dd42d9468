// How exact playback is: how long before or after its own time each panel still shows a frame, by the clock.

/** Measures of the current play. Nothing is allocated while it runs. */
export function createDrift(data, view) {
  const { header, tracks, stepping } = data;
  const timings = header.panels.map((spec) => {
    if (spec.media) return spec.media.timing;
    return spec.track === null ? stepping : tracks[spec.track].timing;
  });
  const last = new Int32Array(timings.length).fill(-1);
  const drawn = new Float64Array(timings.length);
  const missed = new Float64Array(timings.length);
  let before = 0; // the clock at the last look
  let looks = 0;
  let total = 0;
  let worst = 0;
  let worstFrames = 0;
  const meter = {
    reset() {
      looks = total = worst = worstFrames = 0;
      drawn.fill(0);
      missed.fill(0);
      meter.jump();
    },
    /** The clock has been moved: the frames between were not to be drawn. */
    jump() {
      last.fill(-1);
    },
    /** Just before new frames are drawn: what is still shown, against the clock. */
    note(clock, shown) {
      if (clock < before) meter.jump(); // a loop has begun again
      before = clock;
      for (let i = 0; i < timings.length; i += 1) {
        const timing = timings[i];
        const time = clock - (view.shifts[i] || 0) / timing.rate;
        const k = shown(i);
        if (k < 0 || time < timing.at(0) || time >= timing.end) continue;
        if (last[i] >= 0) {
          const until = k + 1 < timing.count ? timing.at(k + 1) : timing.end;
          const off = Math.max(0, timing.at(k) - time, time - until);
          looks += 1;
          total += off;
          if (off > worst) {
            worst = off;
            worstFrames = off * timing.rate;
          }
          if (k > last[i]) {
            drawn[i] += 1;
            missed[i] += k - last[i] - 1;
          }
        }
        last[i] = k;
      }
    },
    /** Mean and worst in ms, worst in frames, and the smallest share of frames drawn of any panel. */
    read() {
      let share = 1;
      for (let i = 0; i < timings.length; i += 1) {
        const all = drawn[i] + missed[i];
        if (all) share = Math.min(share, drawn[i] / all);
      }
      return { looks, mean: looks ? (1000 * total) / looks : 0, worst: 1000 * worst, worstFrames, drawn: share };
    },
    text() {
      const { looks: n, mean: usual, worst: most, worstFrames: frames, drawn: share } = meter.read();
      if (!n) return "drift: play to measure it";
      const percent = Math.floor(100 * share);
      return `drift: mean ${usual.toFixed(0)} ms, worst ${most.toFixed(0)} ms (${frames.toFixed(1)} frames), ${percent} % of frames drawn`;
    },
  };
  return meter;
}
