// Controls in the header of a panel: style and shift in frames.

import { element, pickOne } from "./dom.js";

export function styleSelect(subject, change) {
  const select = pickOne(`Style of ${subject.spec.title}`, subject.choices, subject.style, change);
  select.className = "sm-style";
  select.title = "Style";
  return select;
}

/** Frames that the subject is shown later (or earlier): quiet until it is wanted or not 0. */
export function createStepper(title, set) {
  const root = element("span", "sm-shift");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", `Shift of ${title}`);
  let value = 0;
  const button = (text, label, next) => {
    const made = element("button", "", text);
    made.type = "button";
    made.title = label;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", (event) => {
      set(next());
      if (event.detail) root.closest(".sm-player").focus({ preventScroll: true }); // the keys go on stepping
    });
    return made;
  };
  const zero = button("0 f", "No shift", () => 0);
  root.append(
    button("−", "One frame earlier", () => value - 1), zero, button("+", "One frame later", () => value + 1),
  );
  return {
    root,
    update(shift) {
      if (shift === value && root.dataset.shift !== undefined) return;
      value = shift;
      root.dataset.shift = String(shift);
      zero.textContent = shiftText(shift);
      const told = `Shown ${Math.abs(shift)} frames ${shift > 0 ? "later" : "earlier"}; click for no shift`;
      zero.title = shift ? told : "No shift";
      root.classList.toggle("sm-shifted", shift !== 0);
    },
  };
}

export const shiftText = (shift) => `${shift > 0 ? "+" : shift < 0 ? "−" : ""}${Math.abs(shift)} f`;
