// A PNG of the stage. Canvases are copied as they are; the texts around them are
// drawn once more where the page shows them.

import { disc } from "./brush.js";
import { fitText } from "./lanes.js";

const FOOT = 30; // px below the stage, for the time
const TEXTS = ".sm-title, .sm-caption, .sm-shifted button:nth-of-type(2), .sm-pick, .sm-note, .sm-words, .sm-figures, .sm-arrow";

/** `root` with `line` below it, as a Blob. */
export function photograph(root, line) {
  const ratio = window.devicePixelRatio || 1;
  const origin = root.getBoundingClientRect();
  const paper = document.createElement("canvas");
  paper.width = Math.round(origin.width * ratio);
  paper.height = Math.round((origin.height + FOOT) * ratio);
  const ctx = paper.getContext("2d");
  ctx.scale(ratio, ratio);
  const style = getComputedStyle(root);
  ctx.fillStyle = style.getPropertyValue("--sm-page") || "#fff";
  ctx.fillRect(0, 0, origin.width, origin.height + FOOT);
  const seen = (selector) => [...root.querySelectorAll(selector)]
    .map((node) => ({ node, box: node.getBoundingClientRect(), look: getComputedStyle(node) }))
    .filter(({ box, look }) => box.width && box.height && look.opacity !== "0" && look.visibility === "visible")
    .map(({ node, box, look }) => ({ node, look, x: box.x - origin.x, y: box.y - origin.y, w: box.width, h: box.height }));
  for (const { look, x, y, w, h } of seen(".sm-panel")) {
    ctx.strokeStyle = look.borderTopColor;
    ctx.beginPath();
    ctx.roundRect(x + 0.5, y + 0.5, w - 1, h - 1, 8);
    ctx.stroke();
  }
  for (const { node, x, y, w, h } of seen(".sm-stage")) {
    ctx.fillStyle = getComputedStyle(node).backgroundColor;
    ctx.fillRect(x, y, w, h);
    ctx.drawImage(node.querySelector("canvas"), x, y, w, h);
  }
  for (const { look, x, y, w, h } of seen(".sm-swatch")) disc(ctx, [x + w / 2, y + h / 2], w / 2, look.backgroundColor);
  for (const { look, x, y, w, h } of seen(".sm-divider:not([hidden])")) {
    ctx.fillStyle = look.color;
    ctx.fillRect(x + w / 2 - 0.75, y, 1.5, h);
  }
  ctx.textBaseline = "middle";
  for (const { node, look, x, y, w, h } of seen(TEXTS)) {
    const text = node.tagName === "SELECT" ? node.selectedOptions[0].textContent : node.textContent;
    const middle = look.justifyContent === "center";
    ctx.save();
    ctx.beginPath();
    ctx.rect(x, y, w, h);
    ctx.clip();
    ctx.font = `${look.fontWeight} ${look.fontSize} ${look.fontFamily}`;
    ctx.fillStyle = look.color;
    ctx.textAlign = middle ? "center" : "left";
    ctx.fillText(fitText(ctx, text, w), middle ? x + w / 2 : x + parseFloat(look.paddingLeft), y + h / 2);
    ctx.restore();
  }
  ctx.font = `600 13px ${style.fontFamily}`;
  ctx.fillStyle = style.color;
  ctx.textAlign = "left";
  ctx.fillText(line, 2, origin.height + FOOT / 2 + 2);
  return new Promise((done, fail) => {
    paper.toBlob((blob) => (blob ? done(blob) : fail(new Error("The browser made no picture."))), "image/png");
  });
}
