// The published painted face of Eskimez et al. 2020.

import { disc, mean, partPoints, polygon, rgb, shownPart } from "./brush.js";

const TEMPLATE_EYES = 0.1202; // distance of the eye centres of the published template

/** The published painted face of Eskimez et al. 2020: flat polygons, sizes in template units. */
export function drawPainted(ctx, face) {
  const unit = face.eyes / TEMPLATE_EYES;
  const jaw = shownPart(face, "jaw");
  const brows = [partPoints(face, "right_brow"), partPoints(face, "left_brow")];
  const eyes = ["right_eye", "left_eye"].map((name) => shownPart(face, name));
  const bridge = shownPart(face, "nose_bridge");
  const base = shownPart(face, "nose_base");
  const outer = shownPart(face, "outer_lip");
  const inner = shownPart(face, "inner_lip");
  ctx.lineJoin = ctx.lineCap = "round";
  if (jaw && brows[0] && brows[1]) {
    const raised = [brows[1][4], brows[1][2], brows[0][2], brows[0][0]];
    polygon(ctx, [...jaw, ...raised.map(([x, y]) => [x, y - 0.03 * unit])]);
    ctx.fillStyle = rgb(0.7, 0.5, 0.3);
    ctx.fill();
  }
  if (bridge && base) {
    const facets = [
      [[bridge[0], base[0], bridge[3]], rgb(0.64, 0.45, 0.26)],
      [[bridge[0], bridge[3], base[4]], rgb(0.76, 0.56, 0.36)],
      [[bridge[3], ...base], rgb(0.58, 0.4, 0.22)],
    ];
    for (const [points, fill] of facets) {
      polygon(ctx, points);
      ctx.fillStyle = ctx.strokeStyle = fill;
      ctx.lineWidth = 0.5; // no hairline between neighbours
      ctx.fill();
      ctx.stroke();
    }
  }
  for (const eye of eyes) {
    if (!eye) continue;
    polygon(ctx, eye);
    ctx.fillStyle = "#fff";
    ctx.fill();
    ctx.save();
    ctx.clip();
    const pupil = mean([eye[1], eye[2], eye[4], eye[5]]);
    disc(ctx, pupil, 0.013 * unit, rgb(0, 0.5, 0));
    disc(ctx, pupil, 0.005 * unit, "#000");
    ctx.restore();
  }
  for (const name of ["right_brow", "left_brow"]) {
    const brow = shownPart(face, name);
    if (!brow) continue;
    ctx.beginPath();
    brow.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
    ctx.strokeStyle = rgb(0.3, 0.2, 0.05);
    ctx.lineWidth = 0.008 * unit;
    ctx.stroke();
  }
  if (outer && inner) {
    polygon(ctx, inner);
    ctx.fillStyle = "#000";
    ctx.fill();
    ctx.beginPath();
    for (const ring of [outer, inner]) {
      ring.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
      ctx.closePath();
    }
    ctx.fillStyle = rgb(0.7, 0.3, 0.2);
    ctx.fill("evenodd");
  }
}
