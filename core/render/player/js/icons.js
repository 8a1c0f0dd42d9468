// Icons as SVG elements.

const ICONS = { // name: [path, filled]
  play: ["M8 5.2v13.6c0 .8.9 1.3 1.6.9l10.6-6.8c.6-.4.6-1.4 0-1.8L9.6 4.3C8.9 3.9 8 4.4 8 5.2z", true],
  pause: ["M7 4.5h3.5v15H7zM13.5 4.5H17v15h-3.5z", true],
  back: ["M15 6l-6 6 6 6M6.5 6v12", false],
  on: ["M9 6l6 6-6 6M17.5 6v12", false],
  loop: ["M17 3l3 3-3 3M20 6H8a4 4 0 0 0-4 4v1M7 21l-3-3 3-3M4 18h12a4 4 0 0 0 4-4v-1", false],
  sound: ["M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11", false],
  muted: ["M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5", false],
  whole: ["M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5", false],
  part: ["M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5", false],
  more: ["M5 12h.01M12 12h.01M19 12h.01", false],
  speak: ["M12 4a2.5 2.5 0 0 0-2.5 2.5v5a2.5 2.5 0 0 0 5 0v-5A2.5 2.5 0 0 0 12 4zM6.5 11.5a5.5 5.5 0 0 0 11 0M12 17v3.5M9 20.5h6", false],
  stop: ["M7 7h10v10H7z", true],
};

export function icon(name) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  const path = document.createElementNS(ns, "path");
  const [shape, filled] = ICONS[name];
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", shape);
  path.setAttribute("fill", filled ? "currentColor" : "none");
  if (!filled) path.setAttribute("stroke", "currentColor");
  svg.append(path);
  return svg;
}
