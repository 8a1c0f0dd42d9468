// The level of the microphone.

import { element } from "./dom.js";

export const QUIETEST = -60; // dB, the left end of the level meter

/** The loudest sample of each piece, in decibels below full scale. */
export function createMeter() {
  const root = element("span", "sm-meter");
  const bar = element("span", "sm-level");
  const number = element("span", "sm-decibels");
  root.setAttribute("role", "meter");
  root.setAttribute("aria-label", "Level");
  root.setAttribute("aria-valuemin", String(QUIETEST));
  root.setAttribute("aria-valuemax", "0");
  bar.append(element("span"));
  root.append(bar, number);
  const set = (peak) => {
    const level = Math.max(QUIETEST, Math.min(0, 20 * Math.log10(Math.max(peak, 1e-9))));
    const text = level > QUIETEST ? `${level < -0.5 ? "−" : ""}${Math.abs(Math.round(level))} dB` : "silent";
    bar.firstChild.style.transform = `scaleX(${1 - level / QUIETEST})`;
    root.classList.toggle("sm-loud", level > -1);
    root.setAttribute("aria-valuenow", String(Math.round(level)));
    root.setAttribute("aria-valuetext", text);
    number.textContent = text;
  };
  set(0);
  return { root, set };
}
