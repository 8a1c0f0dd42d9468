// Frame times, the looped region on edges of frames, and the window of the timeline.

import assert from "node:assert/strict";
import { test } from "node:test";

import { inLoop, loopOf, moveEnd, snapRegion } from "../../../core/render/player/js/region.js";
import { createTimeWindow } from "../../../core/render/player/js/time_window.js";
import { makeTiming } from "../../../core/render/player/js/timing.js";

const UNEVEN = Float32Array.from([0.02, 0.05, 0.11, 0.12, 0.2]);
const TIMINGS = {
  "25 fps": makeTiming(25, 0, null, 50),
  "30000/1001 fps that start late": makeTiming(30000 / 1001, 1.5, null, 100),
  "uneven times": makeTiming(null, 0, UNEVEN, UNEVEN.length),
  "a single frame": makeTiming(25, 0, null, 1),
};

for (const [name, timing] of Object.entries(TIMINGS)) {
  test(`${name}: the start and the middle of each frame belong to this frame`, () => {
    for (let k = 0; k < timing.count; k += 1) {
      assert.equal(timing.frame(timing.at(k)), k);
      assert.equal(timing.frame(timing.middle(k)), k);
    }
  });

  test(`${name}: times outside show the first and the last frame`, () => {
    assert.equal(timing.frame(timing.at(0) - 5), 0);
    assert.equal(timing.frame(timing.end + 5), timing.count - 1);
  });
}

test("without frames there is no frame to show", () => {
  assert.equal(makeTiming(25, 0, null, 0).frame(1), -1);
});

test("a region lies on edges of frames and holds at least one frame", () => {
  const timing = TIMINGS["25 fps"];
  assert.deepEqual(snapRegion(timing, 0.39, 0.81), [0.4, 0.8]);
  assert.deepEqual(snapRegion(timing, 0.4, 0.4), [0.4, 0.44]);
  assert.deepEqual(snapRegion(timing, 9, 9), [1.96, 2]);
});

test("an end of the region stops one frame before the other end", () => {
  const timing = TIMINGS["25 fps"];
  assert.deepEqual(moveEnd(timing, [0.4, 0.8], 0, 1.6), [0.76, 0.8]);
  assert.deepEqual(moveEnd(timing, [0.4, 0.8], 1, 0.8, 10), [0.4, 1.2]);
  assert.deepEqual(moveEnd(timing, [0.4, 0.8], 1, 0.8, 999), [0.4, 2]);
});

test("a looped video is entered in the middle of a frame, sound at the start of the region", () => {
  const timing = TIMINGS["25 fps"];
  assert.equal(loopOf([0.4, 0.8], timing, true).entry, timing.middle(10));
  assert.equal(loopOf([0.4, 0.8], timing, false).entry, 0.4);
  assert.equal(loopOf(null, timing, true), null);
});

test("everything is inside the loop unless a region is looped", () => {
  assert.ok(inLoop({ loop: false, region: [1, 2] }, 5));
  assert.ok(inLoop({ loop: true, region: null }, 5));
  assert.deepEqual([0.9, 1, 1.9, 2].map((t) => inLoop({ loop: true, region: [1, 2] }, t)), [false, true, true, false]);
});

test("zooming the timeline keeps the time under the pointer in its place", () => {
  const shown = createTimeWindow(60);
  shown.width = 600;
  shown.zoom(4, 20);
  assert.ok(Math.abs(shown.x(20) - 200) < 1e-6);
  assert.ok(Math.abs(shown.span - 15) < 1e-9 && shown.zoomed);
  assert.ok(Math.abs(shown.time(shown.x(31.4)) - 31.4) < 1e-9);
});

test("the window never leaves the clip, however it is moved or zoomed", () => {
  const shown = createTimeWindow(6);
  const moves = [
    () => shown.zoom(100, 6), () => shown.show(-3, -2), () => shown.reveal(5.9), () => shown.zoom(0.001, 1),
    () => shown.show(5, 50),
  ];
  for (const move of moves) {
    move();
    assert.ok(shown.from >= 0 && shown.to <= 6 + 1e-9 && shown.span >= 0.4 - 1e-9, `${shown.from} to ${shown.to}`);
  }
});
