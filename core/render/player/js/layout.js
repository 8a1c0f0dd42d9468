// How panels share the width they have. Pure functions of shapes (width over height) and CSS pixels.

const PANEL_GAP = 12;
export const PANEL_BORDER = 2; // left and right together
const PANEL_MIN_HEIGHT = 200;
const LOW_PANEL_HEIGHT = 120; // of many panels in a narrow place, before they make the player taller than
const TALLEST_GRID = 680;
const PANEL_MAX_HEIGHT = 480; // of one row
const ROWS_MAX_HEIGHT = 320; // of each of several
const HEAD_HEIGHT = 33;
const TOGETHER_MIN_HEIGHT = 280;
const ABOUT_HEIGHT = 29; // the text below a frame of several
const FACE_MIN_WIDTH = 230;
const FACE_MAX_HEIGHT = 440;

/** Indices of the panels, in `rows` rows of about equal numbers. */
function splitRows(shapes, rows) {
  const per = Math.ceil(shapes.length / rows);
  const found = [];
  for (let i = 0; i < shapes.length; i += per) {
    found.push(shapes.map((_, k) => k).slice(i, i + per));
  }
  return found;
}

/** Panels in as few rows as keep them tall enough, all of one height, filling `width`: {rows: [[{index, wide}]],
 * height of a panel, whole: height of one panel in the place of all}. */
export function planGrid(shapes, width) {
  const space = (row) => width - PANEL_GAP * (row.length - 1) - PANEL_BORDER * row.length;
  const total = (row) => row.reduce((sum, i) => sum + shapes[i], 0);
  const arrange = (least) => {
    let rows = 0;
    let split;
    let heights;
    do {
      rows += 1;
      split = splitRows(shapes, rows);
      heights = split.map((row) => space(row) / total(row));
    } while (Math.min(...heights) < least && rows < shapes.length);
    return { split, height: Math.round(Math.min(rows > 1 ? ROWS_MAX_HEIGHT : PANEL_MAX_HEIGHT, ...heights)) };
  };
  let plan = arrange(PANEL_MIN_HEIGHT);
  if (plan.split.length * plan.height > TALLEST_GRID) plan = arrange(LOW_PANEL_HEIGHT);
  const { split, height } = plan;
  return {
    rows: split.map((row) => row.map((index) => ({ index, wide: Math.floor((space(row) * shapes[index]) / total(row)) }))),
    height,
    whole: split.length * height + (split.length - 1) * (PANEL_GAP + HEAD_HEIGHT + PANEL_BORDER),
  };
}

/** Height of the one frame of several subjects: that of the grid where it suits, so that the controls below
 * keep their place. `whole` as in `planGrid`. */
export function togetherHeight(whole) {
  return Math.max(TOGETHER_MIN_HEIGHT, Math.min(PANEL_MAX_HEIGHT, whole - ABOUT_HEIGHT));
}

/** {width, height} of each live face: in as few rows as keep them wide enough, all of one size. */
export function planFaces(shapes, width) {
  const columns = Math.max(1, Math.min(shapes.length, Math.floor((width + PANEL_GAP) / (FACE_MIN_WIDTH + PANEL_GAP))));
  const rows = Math.ceil(shapes.length / columns);
  const each = Math.ceil(shapes.length / rows);
  const side = Math.floor((width - PANEL_GAP * (each - 1)) / each);
  const tallest = rows > 1 ? 0.75 * FACE_MAX_HEIGHT : FACE_MAX_HEIGHT;
  return { width: side, height: Math.round(Math.min(tallest, side / Math.min(...shapes))) };
}
