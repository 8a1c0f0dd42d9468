// The view in the URL: what is written is read again, and other people's text changes nothing.

import assert from "node:assert/strict";
import { test } from "node:test";

import { defaultSettings, readView, writeView } from "../../../core/render/player/js/settings.js";

const HEADER = {
  start: 0, duration: 6, markers: [{ time: 1, note: "given" }], panels: [{ style: "wireframe" }],
  curves: [{ hidden: false }, { hidden: true }],
};
const encode = (value) => btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

test("a curve that begins hidden is hidden until the viewer shows it", () => {
  assert.deepEqual(defaultSettings(HEADER).curvesHidden, [1]);
});

test("the defaults need no parameter", () => {
  assert.equal(writeView(defaultSettings(HEADER), 0, HEADER), "");
});

test("every setting that differs comes back, notes in any script included", () => {
  const set = {
    rate: 0.25, loop: true, region: [1, 2], layout: "split", split: 0.3, hidden: ["jaw"], trails: 0.5, shifts: [3, null],
    markers: [{ time: 2.5, note: "ü ß 口 🙂" }], turn: [[0.1, -0.2]], magnify: 10,
  };
  const text = writeView({ ...defaultSettings(HEADER), ...set }, 1.2345, HEADER);
  assert.match(text, /^[\w-]+$/);
  const { view, time } = readView(text, HEADER);
  for (const [name, value] of Object.entries(set)) assert.deepEqual(view[name], value, name);
  assert.equal(time, 1.2345);
});

for (const [name, found] of Object.entries({
  "a rate that is not offered": { rate: 3 },
  "a region that ends before it starts": { region: [2, 1] },
  "a region after the end of the clip": { region: [7, 8] },
  "an unknown layout": { layout: "pile" },
  "a note of 201 characters": { markers: [{ time: 1, note: "x".repeat(201) }] },
  "a name that is not a setting": { constructor: 1, __proto__: { rate: 2 } },
  "a time after the end of the clip": { time: 7 },
})) {
  test(`${name} is left out`, () => {
    const { view, time } = readView(encode(found), HEADER);
    assert.deepEqual([view, time], [{ ...defaultSettings(HEADER), asked: ["wireframe"] }, 0]);
  });
}

for (const text of ["%%%", "bm90IGpzb24", encode(null), encode(3)]) {
  test(`${text} is no view`, () => assert.equal(readView(text, HEADER), null));
}
