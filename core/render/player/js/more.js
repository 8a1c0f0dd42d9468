// The menu of rare actions, each with its key.

import { element } from "./dom.js";
import { icon } from "./icons.js";
import { keyOf } from "./keys.js";
import { keepInside } from "./menu.js";

/** `entries` are [text, action]. */
export function createMore(act, entries) {
  const root = element("div", "sm-more");
  const opener = element("button", "sm-button");
  opener.type = "button";
  opener.append(icon("more"));
  opener.title = "More";
  opener.setAttribute("aria-label", "More");
  opener.setAttribute("aria-haspopup", "menu");
  opener.setAttribute("aria-expanded", "false");
  const sheet = element("div", "sm-pop sm-list");
  sheet.setAttribute("role", "menu");
  sheet.hidden = true;
  const items = entries.map(([text, action]) => {
    const item = element("button", "sm-item");
    item.type = "button";
    item.setAttribute("role", "menuitem");
    item.append(element("span", "", text), element("kbd", "", keyOf(action)));
    item.addEventListener("click", () => {
      open(false);
      act.focus();
      act[action]();
    });
    sheet.append(item);
    return item;
  });
  root.append(opener, sheet);

  const outside = (event) => {
    if (!event.composedPath().includes(root)) open(false);
  };
  function open(on) {
    if (on === !sheet.hidden) return;
    sheet.hidden = !on;
    opener.setAttribute("aria-expanded", String(on));
    if (on) {
      keepInside(sheet);
      document.addEventListener("pointerdown", outside, true);
      items[0].focus({ preventScroll: true });
    } else document.removeEventListener("pointerdown", outside, true);
  }
  opener.addEventListener("click", () => open(sheet.hidden));
  root.addEventListener("keydown", (event) => {
    if (sheet.hidden) return;
    const at = items.indexOf(event.composedPath()[0]);
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) items[(at + by + items.length) % items.length].focus();
    else if (event.key === "Escape") {
      open(false);
      opener.focus();
    } else return;
    event.preventDefault();
  });
  return { root, close: () => open(false) };
}
