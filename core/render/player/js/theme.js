// The theme as colours that a canvas takes.

import { element } from "./dom.js";

/** Colours for the canvases, from the custom properties that style.css settles. */
export function readTheme(root) {
  const probe = element("div", "sm-player sm-probe");
  root.append(probe);
  const style = getComputedStyle(probe);
  const get = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  const swatch = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parse = (colour) => {
    swatch.clearRect(0, 0, 1, 1);
    swatch.fillStyle = colour;
    swatch.fillRect(0, 0, 1, 1);
    return [...swatch.getImageData(0, 0, 1, 1).data];
  };
  const resolve = (name, fallback) => {
    probe.style.color = get(name, fallback);
    return getComputedStyle(probe).color;
  };
  const ground = parse(resolve("--sm-ground", "#f5f5f4"));
  const text = resolve("--sm-text", "#222");
  const light = (c) => {
    const part = c.slice(0, 3).map((v) => (v / 255 <= 0.04045 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
  };
  const contrast = (a, b) => {
    const [x, y] = [light(a), light(b)];
    return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
  };
  const cache = new Map();
  const found = {
    text,
    channels: parse(text).slice(0, 3),
    ground: resolve("--sm-ground", "#f5f5f4"),
    line: resolve("--sm-line", "#ddd"),
    muted: resolve("--sm-muted", "#666"),
    accent: resolve("--sm-accent", "#0072b2"),
    wave: resolve("--sm-wave", "#bbb"),
    lane: resolve("--sm-lane", "#ddd"),
    silence: resolve("--sm-silence", "#e5e5e5"),
    font: style.fontFamily || "sans-serif",
    /** The colour, moved towards the text's where it would not stand out from the ground. */
    ink(colour) {
      if (!cache.has(colour)) {
        const to = parse(text);
        const from = parse(colour);
        const grey = Math.max(...from.slice(0, 3)) - Math.min(...from.slice(0, 3)) < 40;
        const enough = grey ? 8 : 3.8; // a grey may move far and stays what it is; a hue must stay a hue
        let mixed = from;
        for (let t = 0; t <= 1 && contrast(mixed, ground) < enough; t += 0.1) {
          mixed = from.map((v, i) => Math.round(v + (to[i] - v) * t));
        }
        cache.set(colour, `rgb(${mixed.slice(0, 3).join(",")})`);
      }
      return cache.get(colour);
    },
  };
  probe.remove();
  return found;
}
