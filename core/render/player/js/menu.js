// The button "View" and what it opens: layout, trails, ghost, numbers, spread, parts.

import { element } from "./dom.js";
import { PARTS, SPREAD_REACH } from "./marks.js";
import { possibleLayouts, truthOf } from "./pairing.js";

const LAYOUT_NAMES = [
  ["grid", "Grid", "Side by side"],
  ["overlay", "Overlay", "All in one panel"],
  ["split", "Split", "Two, with a line between them"],
  ["difference", "Difference", "Distance between two tracks, point by point"],
];

const TRAIL_NAMES = [[0, "Off"], [0.2, "0.2 s"], [0.5, "0.5 s"], [1, "1 s"]];
const PART_NAMES = [["jaw", "Jaw"], ["brows", "Brows"], ["nose", "Nose"], ["eyes", "Eyes"], ["mouth", "Mouth"]];
let menus = 0; // radio groups need names of their own

/** An open sheet whose button stands at the left has its room to the right. */
export function keepInside(sheet) {
  sheet.style.right = "";
  const over = sheet.closest(".sm-player").getBoundingClientRect().left - sheet.getBoundingClientRect().left;
  if (over > 0) sheet.style.right = `${-over}px`;
}

/** {root, update(view)}; `change({...})` takes what the viewer picks. */
export function createMenu(data, view, change) {
  menus += 1;
  const prefix = `sm-menu-${menus}`;
  const { panels, tracks } = data.header;
  const specs = panels.map((spec) => ({ spec, isVideo: spec.kind === "video", track: data.tracks[spec.track] }));
  const joint = specs.filter((s) => !s.spec.normalise);
  const truth = truthOf(joint);
  const possible = possibleLayouts(joint, truth);
  const root = element("div", "sm-menu");
  const button = element("button", "sm-button sm-view", "View");
  button.type = "button";
  button.title = "Layout, trails, parts of the face";
  button.setAttribute("aria-haspopup", "dialog");
  button.setAttribute("aria-expanded", "false");
  const sheet = element("div", "sm-menu-sheet");
  sheet.hidden = true;
  sheet.setAttribute("role", "dialog");
  sheet.setAttribute("aria-label", "View");
  root.append(button, sheet);
  const boxes = []; // [input, is it on in a view]

  function choice(type, name, text, title, isOn, pick) {
    const label = element("label", type === "radio" ? "sm-choice" : "sm-check");
    const input = element("input");
    input.type = type;
    input.name = `${prefix}-${name}`;
    label.title = title;
    label.append(input, element("span", "", text));
    input.addEventListener("change", () => {
      change(pick(input.checked));
      update(view);
    });
    boxes.push([input, isOn]);
    return label;
  }

  function row(title, className, choices) {
    const set = element("fieldset", "sm-row");
    const body = element("div", className);
    body.append(...choices);
    set.append(element("legend", "", title), body);
    sheet.append(set);
  }

  row("Layout", "sm-segments", LAYOUT_NAMES.map(([value, text, title]) => {
    const isOn = (v) => (possible[v.layout] ? v.layout : "grid") === value;
    const made = choice("radio", "layout", text, title, isOn, () => ({ layout: value }));
    if (!possible[value]) {
      made.firstChild.disabled = true;
      made.title = "Needs two tracks";
    }
    return made;
  }));
  if (tracks.length) {
    row("Trails", "sm-segments", TRAIL_NAMES.map(([value, text]) => choice(
      "radio", "trails", text, value ? `Where the lips were in the last ${text}` : "No trails",
      (v) => (v.trails || 0) === value, () => ({ trails: value }),
    )));
    const named = new Set(Object.values(data.header.schemes).flatMap((scheme) => Object.keys(scheme.parts)));
    const there = PART_NAMES.filter(([part]) => PARTS[part].some((name) => named.has(name)));
    row("Parts", "sm-segments", there.map(([part, text]) => {
      const made = choice("checkbox", part, text, `Draw the ${part}`, (v) => !(v.hidden || []).includes(part), (on) => ({
        hidden: on ? (view.hidden || []).filter((name) => name !== part) : [...(view.hidden || []), part],
      }));
      made.className = "sm-choice";
      return made;
    }));
    const flag = (name, text, title) => (
      choice("checkbox", name, text, title, (v) => Boolean(v[name]), (on) => ({ [name]: on }))
    );
    const checks = [flag("numbers", "Point numbers", "The index beside every point that has room")];
    if (data.tracks.some((track) => track.spread)) {
      const told = `Circles of ${SPREAD_REACH} times the standard deviation of each landmark over the detector's boxes`;
      checks.push(flag("spread", "Spread", told));
    }
    if (truth && panels.length > 1) {
      checks.unshift(flag("ghost", "Ghost of the ground truth", "The ground truth, faint, behind the others"));
    }
    row("Show", "sm-checks", checks);
  }

  const outside = (event) => {
    if (!root.isConnected || !event.composedPath().includes(root)) toggle(false);
  };
  function toggle(open = sheet.hidden) {
    sheet.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (!open) return document.removeEventListener("pointerdown", outside, true);
    update(view);
    keepInside(sheet);
    document.addEventListener("pointerdown", outside, true);
    return sheet.querySelector("input:checked").focus({ preventScroll: true });
  }
  button.addEventListener("click", () => toggle());
  root.addEventListener("keydown", (event) => {
    if (sheet.hidden) return;
    event.stopPropagation(); // the keys of an open menu are its own
    if (event.key !== "Escape") return;
    event.preventDefault();
    toggle(false);
    button.focus({ preventScroll: true });
  });

  function update(now) {
    for (const [input, isOn] of boxes) input.checked = isOn(now);
    const marked = now.trails || now.ghost || now.numbers || now.spread || (now.hidden || []).length;
    button.classList.toggle("sm-set", Boolean(marked || (now.layout || "grid") !== "grid"));
  }
  update(view);
  return { root, update };
}
