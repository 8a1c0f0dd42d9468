// Where the picture of the video lies in a panel: {map, clip} with a map from the picture's units to the panel
// (as in camera.js) and the rectangle [left, top, width, height] that it fills.

// Eye distance and height of the mouth as shares of the side, as in core/render/crop.py.
const LEVEL = { face: { apart: 0.27, down: 0.7 }, lips: { apart: 0.72, down: 0.5 } };

/** The picture, or its part `fit` = [x0, y0, x1, y1], as large as the panel allows. `size` = [width, height] in
 * the picture's units, `pixels` the same in pixels of the video. */
export function placePicture(panel, fit, size, pixels) {
  const [x0, y0, x1, y1] = fit || [0, 0, ...size];
  const shape = ((x1 - x0) * (pixels[0] / size[0])) / ((y1 - y0) * (pixels[1] / size[1])); // as displayed
  const w = Math.min(panel.width, panel.height * shape);
  const h = w / shape;
  const [left, top, x, y] = [(panel.width - w) / 2, (panel.height - h) / 2, w / (x1 - x0), h / (y1 - y0)];
  return { map: [x, 0, 0, y, left - x0 * x, top - y0 * y], clip: [left, top, w, h] };
}

/** The picture turned and scaled so that the eyes are level at a fixed distance, and the mouth at a fixed place.
 * `kind` = "face" or "lips"; `right`, `left`, `mouth` are [x, y]. Null where one of them is missing (NaN). */
export function placeLevel(panel, kind, right, left, mouth) {
  const { apart, down } = LEVEL[kind];
  const side = Math.min(panel.width, panel.height);
  const [x0, y0] = [(panel.width - side) / 2, (panel.height - side) / 2];
  const [dx, dy] = [left[0] - right[0], left[1] - right[1]];
  const grow = (apart * side) / Math.hypot(dx, dy) ** 2;
  const [x, y] = [grow * dx, grow * dy];
  if (!Number.isFinite(x + y + mouth[0] + mouth[1])) return null;
  const to = [x0 + side / 2 - (x * mouth[0] + y * mouth[1]), y0 + down * side - (x * mouth[1] - y * mouth[0])];
  return { map: [x, -y, y, x, ...to], clip: [x0, y0, side, side] };
}
