// A shaded face around the landmarks. Sizes are shares of the eye distance.

import { curve, disc, glow, mean, mix, move, partPoints, shownPart } from "./brush.js";

/** A calm shaded face around the same landmarks. Sizes are shares of the eye distance. */
export function drawPortrait(ctx, face) {
  const u = face.eyes;
  const jaw = shownPart(face, "jaw");
  const eyes = [partPoints(face, "right_eye"), partPoints(face, "left_eye")];
  ctx.lineJoin = ctx.lineCap = "round";
  let up = [0, -1];
  if (jaw && eyes[0] && eyes[1]) {
    const [a, b] = eyes.map(mean);
    const apart = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
    up = [(b[1] - a[1]) / apart, (a[0] - b[0]) / apart]; // square to the eyes: speech does not tilt the head
    if (up[0] * (jaw[8][0] - a[0]) + up[1] * (jaw[8][1] - a[1]) > 0) up = [-up[0], -up[1]];
    portraitHead(ctx, jaw, mix(a, b, 0.5), up, face.head || 1.7 * u, u);
  }
  portraitNose(ctx, face, u);
  for (const name of ["right_eye", "left_eye"]) {
    const eye = shownPart(face, name);
    if (eye) portraitEye(ctx, eye, up, u);
  }
  const taper = [0.012, 0.035, 0.05, 0.055, 0.04]; // from the temple inwards
  for (const [name, width] of [["right_brow", taper], ["left_brow", [...taper].reverse()]]) {
    const brow = shownPart(face, name);
    if (!brow) continue;
    ctx.beginPath();
    curve(ctx, brow.map((q, i) => move(q, up, width[i] * u)));
    const back = brow.map((q, i) => move(q, up, -width[i] * u * 0.55)).reverse();
    ctx.lineTo(back[0][0], back[0][1]);
    curve(ctx, back, false, false);
    ctx.closePath();
    ctx.fillStyle = "rgba(66,46,36,.88)";
    ctx.fill();
  }
  portraitMouth(ctx, face, up, u);
}

function portraitHead(ctx, jaw, middle, up, height, u) {
  const across = [-up[1], up[0]]; // image right for an upright face
  const width = Math.hypot(jaw[16][0] - jaw[0][0], jaw[16][1] - jaw[0][1]);
  const at = (x, y) => move(move(middle, across, x * width), up, y * height);
  const neck = [move(jaw[4], up, 0.12 * u), move(jaw[12], up, 0.12 * u)];
  ctx.beginPath(); // neck, running out of the picture
  curve(ctx, [neck[0], move(neck[0], up, -0.9 * u), move(move(neck[0], across, -0.8 * u), up, -1.6 * u)]);
  const foot = move(move(neck[1], across, 0.8 * u), up, -1.6 * u);
  ctx.lineTo(foot[0], foot[1]);
  curve(ctx, [foot, move(neck[1], up, -0.9 * u), neck[1]], false, false);
  ctx.closePath();
  const shade = ctx.createLinearGradient(jaw[8][0], jaw[8][1] - 0.2 * u, ...move(jaw[8], up, -1.1 * u));
  shade.addColorStop(0, "#9c6b52");
  shade.addColorStop(1, "#bd8a6d");
  ctx.fillStyle = shade;
  ctx.fill();
  const hair = ctx.createLinearGradient(...at(0, 1.08), ...at(0, -0.1));
  hair.addColorStop(0, "#5b4538");
  hair.addColorStop(1, "#37291f");
  ctx.beginPath();
  curve(ctx, [
    move(jaw[1], across, 0.02 * width), at(-0.55, 0.22), at(-0.54, 0.62), at(-0.36, 0.96), at(0, 1.08),
    at(0.36, 0.96), at(0.54, 0.62), at(0.55, 0.22), move(jaw[15], across, -0.02 * width),
  ]);
  ctx.closePath();
  ctx.fillStyle = hair;
  ctx.fill();
  for (const [index, side] of [[1, -1], [15, 1]]) {
    ctx.save();
    ctx.translate(...move(move(jaw[index], across, side * 0.02 * u), up, 0.2 * u));
    ctx.rotate(Math.atan2(across[1], across[0]));
    ctx.scale(0.13 * u, 0.28 * u);
    disc(ctx, [0, 0], 1, "#c08a6c");
    ctx.restore();
  }
  ctx.beginPath();
  curve(ctx, [
    ...jaw, at(0.48, 0.36), at(0.4, 0.62), at(0.2, 0.75), at(-0.05, 0.77), at(-0.28, 0.71), at(-0.43, 0.55),
    at(-0.48, 0.34),
  ], true);
  const skin = ctx.createRadialGradient(...at(-0.08, 0.05), 0.1 * width, ...at(0, -0.1), 0.98 * height);
  skin.addColorStop(0, "#edc4a6");
  skin.addColorStop(0.55, "#dfad8c");
  skin.addColorStop(1, "#b98466");
  ctx.fillStyle = skin;
  ctx.fill();
  ctx.save();
  ctx.clip();
  for (const side of [-1, 1]) glow(ctx, at(side * 0.29, -0.36), 0.2 * width, "196,96,80", 0.16);
  for (const side of [-1, 1]) glow(ctx, at(side * 0.23, 0.02), 0.17 * width, "120,70,50", 0.16);
  glow(ctx, at(0, 0.5), 0.3 * width, "255,236,216", 0.22);
  glow(ctx, at(0, -0.86), 0.11 * width, "255,236,216", 0.16);
  ctx.restore();
}

function portraitNose(ctx, face, u) {
  const bridge = shownPart(face, "nose_bridge");
  const base = shownPart(face, "nose_base");
  if (!bridge || !base) return;
  const tip = bridge[3];
  glow(ctx, mix(bridge[1], base[0], 0.55), 0.22 * u, "120,66,46", 0.16);
  glow(ctx, mix(bridge[1], base[4], 0.55), 0.22 * u, "120,66,46", 0.2);
  for (let i = 0; i <= 6; i += 1) glow(ctx, mix(bridge[0], tip, i / 6), 0.1 * u, "255,240,224", 0.13);
  glow(ctx, tip, 0.16 * u, "255,240,224", 0.35);
  ctx.beginPath(); // wings and underside
  curve(ctx, [move(base[0], [-0.05 * u, -0.12 * u], 1), move(base[0], [-0.06 * u, 0], 1), base[1], base[2],
    base[3], move(base[4], [0.06 * u, 0], 1), move(base[4], [0.05 * u, -0.12 * u], 1)]);
  ctx.strokeStyle = "rgba(126,72,54,.5)";
  ctx.lineWidth = 0.03 * u;
  ctx.stroke();
  for (const [a, b, turn] of [[0, 1, -0.3], [4, 3, 0.3]]) {
    const [x, y] = mix(base[a], base[b], 0.62);
    ctx.beginPath();
    ctx.ellipse(x, y - 0.015 * u, 0.065 * u, 0.03 * u, turn, 0, 2 * Math.PI);
    ctx.fillStyle = "rgba(70,30,24,.6)";
    ctx.fill();
  }
}

function portraitEye(ctx, eye, up, u) {
  const upper = eye.slice(0, 4);
  const lower = [eye[3], eye[4], eye[5], eye[0]];
  const open = (Math.abs(eye[5][1] - eye[1][1]) + Math.abs(eye[4][1] - eye[2][1])) / 2;
  glow(ctx, move(mean(eye), up, 0.09 * u), 0.3 * u, "110,62,46", 0.2);
  ctx.save();
  ctx.beginPath();
  curve(ctx, upper);
  curve(ctx, lower, false, false);
  ctx.closePath();
  ctx.fillStyle = "#f3ece6";
  ctx.fill();
  ctx.clip();
  const pupil = move(mean([eye[1], eye[2], eye[4], eye[5]]), up, 0.012 * u);
  const radius = 0.105 * u;
  const iris = ctx.createRadialGradient(...pupil, 0.2 * radius, ...pupil, radius);
  iris.addColorStop(0, "#8a6a48");
  iris.addColorStop(0.75, "#5f452e");
  iris.addColorStop(1, "#33241a");
  disc(ctx, pupil, radius, iris);
  disc(ctx, pupil, 0.45 * radius, "#120d0a");
  disc(ctx, [pupil[0] - 0.35 * radius, pupil[1] - 0.35 * radius], 0.2 * radius, "rgba(255,255,255,.9)");
  ctx.beginPath(); // shadow of the lid
  curve(ctx, upper.map((q) => move(q, up, -0.012 * u)));
  ctx.strokeStyle = "rgba(60,34,26,.28)";
  ctx.lineWidth = 0.06 * u;
  ctx.stroke();
  ctx.restore();
  const strokes = [
    [upper, "rgba(48,30,24,.9)", 0.032],
    [lower, "rgba(120,70,56,.45)", 0.014],
    [upper.map((q, i) => move(q, up, (i % 3 ? 0.075 : 0.02) * u)), "rgba(120,70,52,.4)", 0.016],
  ];
  for (const [points, colour, width] of strokes) {
    if (open < 0.03 * u && points === lower) continue;
    ctx.beginPath();
    curve(ctx, points);
    ctx.strokeStyle = colour;
    ctx.lineWidth = width * u;
    ctx.stroke();
  }
}

function portraitMouth(ctx, face, up, u) {
  const outer = shownPart(face, "outer_lip");
  const inner = shownPart(face, "inner_lip");
  if (!outer || !inner) return;
  const top = outer.slice(0, 7);
  const bottom = [...outer.slice(6), outer[0]];
  const innerTop = inner.slice(0, 5);
  const innerBottom = [...inner.slice(4), inner[0]];
  const gap = Math.hypot(inner[2][0] - inner[6][0], inner[2][1] - inner[6][1]);
  ctx.save();
  ctx.beginPath(); // the cavity, with teeth and tongue inside
  curve(ctx, innerTop);
  curve(ctx, innerBottom, false, false);
  ctx.closePath();
  ctx.fillStyle = "#3b1416";
  ctx.fill();
  ctx.clip();
  if (gap > 0.03 * u) {
    const drop = Math.min(0.12 * u, 0.55 * gap);
    ctx.beginPath();
    curve(ctx, innerTop.map((q) => move(q, up, 0.1 * u)));
    curve(ctx, innerTop.map((q) => move(q, up, -drop)).reverse(), false, false);
    ctx.closePath();
    ctx.fillStyle = "#ece4da";
    ctx.fill();
    if (gap > 0.16 * u) {
      const tongue = move(mean(innerBottom), up, -0.04 * u);
      const wide = 0.36 * Math.hypot(inner[4][0] - inner[0][0], inner[4][1] - inner[0][1]);
      ctx.beginPath();
      ctx.ellipse(tongue[0], tongue[1], wide, 0.3 * gap, Math.atan2(up[0], -up[1]), 0, 2 * Math.PI);
      ctx.fillStyle = "#a2504f";
      ctx.fill();
    }
  }
  ctx.restore();
  const lips = [[top, innerTop, "#a9544f", "#b9625a"], [bottom, innerBottom, "#c27065", "#ae574f"]];
  for (const [rim, edge, from, to] of lips) {
    const back = [...edge].reverse();
    ctx.beginPath();
    curve(ctx, rim);
    ctx.lineTo(back[0][0], back[0][1]);
    curve(ctx, back, false, false);
    ctx.closePath();
    const shade = ctx.createLinearGradient(...rim[3], ...edge[2]);
    shade.addColorStop(0, to);
    shade.addColorStop(1, from);
    ctx.fillStyle = shade;
    ctx.fill();
    if (rim === top) continue;
    ctx.save();
    ctx.clip();
    glow(ctx, mix(outer[9], inner[6], 0.5), 0.14 * u, "255,226,212", 0.3);
    ctx.restore();
  }
  ctx.strokeStyle = "rgba(84,30,30,.75)";
  ctx.lineWidth = 0.018 * u;
  for (const line of gap > 0.03 * u ? [innerTop] : [innerTop, innerBottom]) {
    ctx.beginPath();
    curve(ctx, line);
    ctx.stroke();
  }
  glow(ctx, move(outer[9], up, -0.1 * u), 0.2 * u, "120,64,48", 0.2);
}
