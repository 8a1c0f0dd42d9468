// When a frame of a live face is due, on a simulated clock of the page.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { createHearing, createPacer } from "../../../core/render/player/js/pacer.js";

/** 10 s of audio in pieces of 100 ms. The frames of a piece come together, 50 ms and up to `jitter` ms later, from
 * a model with a latency of 299 ms. Gives [[time, frame]] as shown, and the delay that the pacer reports. */
function simulate(fps, jitter) {
  let now = 0;
  mock.method(performance, "now", () => now);
  const hearing = createHearing(16000);
  const pacer = createPacer(fps, hearing);
  const coming = []; // [time, first, count]
  const shown = [];
  let next = 0;
  let seed = 1;
  for (now = 0; now < 10000; now += 10) {
    if (now && now % 100 === 0) {
      hearing.add(new Int16Array(1600));
      const count = Math.max(0, Math.floor((now / 1000 - 0.299) * fps) - next);
      seed = (seed * 16807) % 2147483647;
      if (count) coming.push([now + 50 + jitter * (seed / 2147483647), next, count]);
      next += count;
    }
    while (coming.length && coming[0][0] <= now) {
      const [, first, count] = coming.shift();
      pacer.add(first, count, new Float32Array(count * 2));
    }
    const due = pacer.take();
    if (due) shown.push([now, due.frame]);
  }
  mock.restoreAll();
  return { shown, delay: pacer.delay() };
}

const steps = (list) => list.slice(1).map((value, i) => value - list[i]);
const spread = (list) => Math.max(...list) - Math.min(...list);
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

for (const fps of [25, 30]) {
  for (const jitter of [0, 60]) {
    test(`${fps} fps in bursts with up to ${jitter} ms of jitter: each frame is shown once, evenly`, () => {
      const { shown, delay } = simulate(fps, jitter);
      const settled = shown.filter(([time]) => time > 3000);
      assert.ok(settled.length > 6 * fps);
      assert.ok(steps(settled.map(([, frame]) => frame)).every((step) => step === 1));
      const uneven = steps(settled.map(([time]) => time)).map((step) => Math.abs(step - 1000 / fps));
      assert.ok(Math.max(...uneven) <= 15 + jitter / 10, `${Math.max(...uneven)}`);
      const delays = settled.map(([time, frame]) => time - (1000 * frame) / fps);
      assert.ok(spread(delays) <= 15 + jitter / 2, `${spread(delays)}`);
      assert.ok(Math.abs(delay - median(delays.slice(-12))) <= 10);
      assert.ok(delay >= 350 && delay <= 350 + 100 + jitter + 20, `${delay}`);
    });
  }
}
