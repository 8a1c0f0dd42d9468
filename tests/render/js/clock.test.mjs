// Both clocks: time, rate, loop, seeks and what they notify of.

import assert from "node:assert/strict";
import { test } from "node:test";

import { mediaClock, silentClock } from "../../../core/render/player/js/clock.js";

/** A silent clock of 10 s whose system time is `at.now`. */
function silent() {
  const at = { now: 100 };
  const heard = [];
  return { at, heard, clock: silentClock(10, (name) => heard.push(name), () => at.now) };
}

test("a silent clock stands still until it plays, then follows the system's time", () => {
  const { at, heard, clock } = silent();
  at.now += 3;
  assert.equal(clock.time(), 0);
  clock.play();
  at.now += 3;
  assert.equal(clock.time(), 3);
  clock.pause();
  at.now += 3;
  assert.deepEqual([clock.time(), clock.playing, heard], [3, false, ["play", "pause"]]);
});

test("a change of rate keeps the time reached so far", () => {
  const { at, clock } = silent();
  clock.play();
  at.now += 2;
  clock.setRate(0.5);
  at.now += 2;
  assert.equal(clock.time(), 3);
});

test("a silent clock stops at its end, says so once, and plays again from the start", () => {
  const { at, heard, clock } = silent();
  clock.play();
  at.now += 11;
  assert.equal(clock.time(), 10);
  clock.tick();
  clock.tick();
  assert.deepEqual([clock.ended, heard], [true, ["play", "ended"]]);
  clock.play();
  at.now += 1;
  assert.equal(clock.time(), 1);
});

test("a looped region starts again at its end and never leaves it", () => {
  const { at, clock } = silent();
  clock.setLoop(true, { start: 2, end: 4, entry: 2 });
  clock.seek(2);
  clock.play();
  for (let step = 0; step < 400; step += 1) {
    at.now += 0.037;
    clock.tick();
    assert.ok(clock.time() >= 2 && clock.time() < 4, `${clock.time()}`);
  }
  assert.ok(clock.playing);
});

for (const [wanted, got] of [[-1, 0], [3, 3], [99, 10]]) {
  test(`a seek to ${wanted} s of a clip of 10 s goes to ${got} s`, () => {
    const { clock } = silent();
    clock.seek(wanted);
    assert.equal(clock.time(), got);
  });
}

/** What the clock uses of a media element. */
class FakeMedia extends EventTarget {
  duration = 10;
  paused = true;
  ended = false;
  seeking = false;
  readyState = 4;
  seeks = [];
  at = 0;
  get currentTime() {
    return this.at;
  }
  set currentTime(time) {
    this.seeks.push(time);
    this.at = time;
    this.seeking = true;
  }
  arrive() {
    this.seeking = false;
    this.dispatchEvent(new Event("seeked"));
  }
  pause() {
    this.paused = true;
  }
}

test("while a seek runs, only the last of the following seeks is carried out", () => {
  const media = new FakeMedia();
  const heard = [];
  const clock = mediaClock(media, 10, (name) => heard.push(name));
  for (const time of [1, 2, 3, 4]) clock.seek(time);
  assert.deepEqual([media.seeks, clock.time()], [[1], 4]);
  media.arrive();
  assert.deepEqual([media.seeks, heard], [[1, 4], []]);
  media.arrive();
  assert.deepEqual([clock.time(), heard], [4, ["seeked"]]);
});

test("a seek before the media are loaded is carried out once they are", () => {
  const media = new FakeMedia();
  media.readyState = 0;
  const clock = mediaClock(media, 10, () => {});
  clock.seek(5);
  assert.deepEqual([media.seeks, clock.time()], [[], 5]);
  media.dispatchEvent(new Event("loadedmetadata"));
  assert.deepEqual(media.seeks, [5]);
});

test("playing media that leave the looped region jump to its entry", () => {
  const media = new FakeMedia();
  const clock = mediaClock(media, 10, () => {});
  clock.setLoop(true, { start: 2, end: 4, entry: 2.02 });
  media.paused = false;
  media.at = 3.9;
  clock.tick();
  assert.deepEqual(media.seeks, []);
  media.at = 4;
  clock.tick();
  assert.deepEqual(media.seeks, [2.02]);
});

test("a destroyed clock pauses its media and is silent", () => {
  const media = new FakeMedia();
  const heard = [];
  const clock = mediaClock(media, 10, (name) => heard.push(name));
  media.paused = false;
  clock.destroy();
  media.dispatchEvent(new Event("seeked"));
  media.dispatchEvent(new Event("ended"));
  assert.deepEqual([media.paused, heard], [true, []]);
});
