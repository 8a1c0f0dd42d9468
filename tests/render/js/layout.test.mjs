// How panels share the width, and where pictures lie in them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { compose, fitBox, mapBox } from "../../../core/render/player/js/camera.js";
import { planFaces, planGrid, togetherHeight } from "../../../core/render/player/js/layout.js";
import { possibleLayouts, startingPair, truthOf } from "../../../core/render/player/js/pairing.js";
import { placeLevel, placePicture } from "../../../core/render/player/js/placement.js";
import { describeTogether } from "../../../core/render/player/js/together_head.js";

const GRIDS = {
  "one face": [1],
  "a video and two faces": [16 / 9, 1, 1.2],
  "seven faces": [1, 1, 1, 1, 1, 1, 1],
  "a tall portrait and a wide picture": [0.5, 2.4],
};

for (const [name, shapes] of Object.entries(GRIDS)) {
  for (const width of [320, 700, 1200, 2400]) {
    test(`${name} in ${width} px: each panel once, of one height, inside the width`, () => {
      const { rows, height } = planGrid(shapes, width);
      assert.deepEqual(rows.flat().map(({ index }) => index), shapes.map((_, i) => i));
      assert.ok(height > 0 && height <= 480);
      for (const row of rows) {
        const used = row.reduce((sum, { wide }) => sum + wide + 2, 0) + 12 * (row.length - 1);
        assert.ok(used <= width, `${used} px of ${width}`);
        for (const { index, wide } of row) assert.ok(wide >= Math.floor(height * shapes[index]) - 1);
      }
    });
  }
}

test("panels stay in one row where this keeps them tall enough", () => {
  assert.equal(planGrid([1, 1, 1], 1200).rows.length, 1);
  assert.equal(planGrid([1, 1, 1], 500).rows.length, 2);
});

test("one frame in the place of all keeps a readable height", () => {
  assert.deepEqual([100, 400, 9000].map(togetherHeight), [280, 371, 480]);
});

test("live faces are wide enough or stand alone in their row", () => {
  for (const width of [200, 500, 1200]) {
    for (let count = 1; count < 8; count += 1) {
      const { width: side, height } = planFaces(Array(count).fill(1), width);
      assert.ok(side <= width && height <= 440 && (side >= 230 || side === width), `${count} in ${width}: ${side}`);
    }
  }
});

const PANEL = { width: 300, height: 200 };
const apply = ([a, b, c, d, e, f], [x, y]) => [a * x + c * y + e, b * x + d * y + f];
const near = (found, expected) => found.forEach((v, i) => assert.ok(Math.abs(v - expected[i]) < 1e-9, `${found}`));

test("a picture fills the panel without distortion, and its corners fill the clip", () => {
  const { map, clip } = placePicture(PANEL, null, [640, 480], [640, 480]);
  near(clip, [300 / 2 - 400 / 3, 0, 800 / 3, 200]);
  near(apply(map, [0, 0]), clip.slice(0, 2));
  near(apply(map, [640, 480]), [clip[0] + clip[2], clip[1] + clip[3]]);
});

test("a crop in unit coordinates is shown with the shape of its pixels", () => {
  const { clip } = placePicture(PANEL, [0.25, 0, 0.75, 1], [1, 1], [1280, 720]);
  near([clip[2] / clip[3]], [640 / 720]);
});

for (const degrees of [0, 20, -75]) {
  test(`a face tilted by ${degrees} degrees is shown level, its eyes at a fixed distance, its mouth in place`, () => {
    const turn = (degrees * Math.PI) / 180;
    const tilt = ([x, y]) => [90 + x * Math.cos(turn) - y * Math.sin(turn), 40 + x * Math.sin(turn) + y * Math.cos(turn)];
    const [right, left, mouth] = [[-10, 0], [10, 0], [0, 24]].map(tilt);
    const { map } = placeLevel(PANEL, "face", right, left, mouth);
    const [a, b, m] = [right, left, mouth].map((point) => apply(map, point));
    near([b[0] - a[0], b[1] - a[1]], [0.27 * 200, 0]);
    near(m, [150, 0.7 * 200]);
  });
}

test("a frame without a face has no level picture", () => {
  assert.equal(placeLevel(PANEL, "lips", [NaN, NaN], [1, 1], [0, 2]), null);
});

test("a map after a map sends a point through both", () => {
  const [inner, outer] = [[2, 1, -1, 3, 5, 7], [0, -1, 1, 0, 2, 2]];
  near(apply(compose(outer, inner), [3, 4]), apply(outer, apply(inner, [3, 4])));
});

test("a box fits into the panel and touches two of its sides", () => {
  near(mapBox(fitBox([10, 20, 30, 30], 300, 200), [10, 20, 30, 30]), [0, 25, 300, 175]);
});

const video = { isVideo: true, track: {}, spec: {} };
const truth = { isVideo: false, track: {}, spec: { truth: true } };
const model = { isVideo: false, track: {}, spec: {} };

test("a video, the ground truth and a model: what each layout starts with", () => {
  const all = [video, truth, model];
  assert.equal(truthOf(all), truth);
  assert.deepEqual(startingPair("difference", all, truth), [truth, model]);
  assert.deepEqual(startingPair("split", all, truth), [model, truth, video]);
  assert.deepEqual(possibleLayouts(all, truth), { grid: true, overlay: true, split: true, difference: true });
});

test("a video without landmarks and one face can be split but not subtracted", () => {
  const all = [{ isVideo: true, track: null, spec: {} }, model];
  assert.equal(truthOf(all), null);
  assert.deepEqual(possibleLayouts(all, null), { grid: true, overlay: true, split: true, difference: false });
});

test("the sentence below one frame names the subjects, the scale and what was fitted", () => {
  assert.equal(
    describeTogether("difference", ["Truth", "CNN"], 5, ["CNN"]),
    "Lines run from Truth towards CNN, 5 times as long; colour is the distance. Fitted at the eyes: CNN.",
  );
  assert.match(describeTogether("difference", ["Truth", "CNN"], 1, []), /, true to scale; colour is the distance\.$/);
  assert.match(describeTogether("overlay", ["a", "b", "c"], 5, []), /^All 3 tracks in one frame/);
});
