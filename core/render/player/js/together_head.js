// The header of a frame that shows several subjects, and the sentence below it.

import { element, pickOne } from "./dom.js";
import { shiftText, styleSelect } from "./panel_head.js";

export const MAGNIFY = [1, 5, 10];

function group(...parts) {
  const made = element("span", "sm-group");
  made.append(...parts);
  return made;
}

function swatch(subject, look) {
  const dot = element("span", "sm-swatch");
  dot.style.backgroundColor = look().ink(subject.spec.colour);
  return dot;
}

/** Choice of one side, `k` = 0 or 1, of a layout of two. The choice of the other side exchanges the two. */
function sidePicker(k, label, layout, shown, subjects, pick) {
  const choices = subjects.filter((s) => layout === "split" || s.track).map((s) => [String(s.index), s.spec.title]);
  const pair = shown.map((s) => s.index);
  const select = pickOne(label, choices, String(pair[k]), (value) => {
    const chosen = Number(value);
    pick(layout, chosen === pair[1 - k] ? [pair[1], pair[0]] : pair.with(k, chosen));
  });
  select.className = "sm-pick";
  return select;
}

function magnifyButtons(current, magnify) {
  const times = element("span", "sm-times");
  times.setAttribute("role", "group");
  times.setAttribute("aria-label", "Length of the lines");
  for (const by of MAGNIFY) {
    const button = element("button", "", `×${by}`);
    button.type = "button";
    button.setAttribute("aria-label", `${by} times as long`);
    button.setAttribute("aria-pressed", String(by === current));
    button.addEventListener("click", () => magnify(by));
    times.append(button);
  }
  return times;
}

/** Elements of the header. `shown`: the subjects of the layout; `subjects`: all that may be chosen; `actions` as
 * in together.js. */
export function togetherHead(layout, shown, subjects, current, look, actions) {
  if (layout === "overlay") {
    return shown.map((s) => group(
      swatch(s, look), element("span", "sm-title", s.spec.title),
      ...(s.shift ? [element("span", "sm-caption", shiftText(s.shift))] : []),
    ));
  }
  const [a, b] = shown;
  const pick = (k, label) => sidePicker(k, label, layout, shown, subjects, actions.pair);
  if (layout === "split") {
    const style = (s) => (s.track ? [styleSelect(s, (value) => actions.style(s.index, value))] : []);
    return [
      group(swatch(a, look), pick(0, "Left of the line"), ...style(a)),
      group(...style(b), pick(1, "Right of the line"), swatch(b, look)),
    ];
  }
  return [
    group(swatch(a, look), pick(0, "From")), element("span", "sm-arrow", "→"), group(swatch(b, look), pick(1, "To")),
    magnifyButtons(current, actions.magnify),
  ];
}

/** What the frame shows, in words. `titles` of the subjects shown, `fitted` of those moved onto the others. */
export function describeTogether(layout, titles, current, fitted) {
  const [a, b] = titles;
  const many = ["The track", "Both tracks"][titles.length - 1] || `All ${titles.length} tracks`;
  const long = current === 1 ? "true to scale" : `${current} times as long`;
  const words = {
    overlay: `${many} in one frame, each in its own colour.`,
    split: `Left of the line ${a}, right of it ${b}. Drag the line, or use ← → on it.`,
    difference: `Lines run from ${a} towards ${b}, ${long}; colour is the distance.`,
  }[layout];
  return fitted.length ? `${words} Fitted at the eyes: ${fitted.join(", ")}.` : words;
}
