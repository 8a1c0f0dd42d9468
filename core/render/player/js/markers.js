// Markers, moments with a note. Pins over the timeline: a click goes there, a
// double click (or F2) edits the note, Delete removes.

import { element } from "./dom.js";
import { LONGEST_NOTE } from "./settings.js";

const PIN_ROOM = 70; // px to the next pin that let a note stand beside its pin

/** `seek(t)` goes to a moment, `setMarkers(list)` replaces all, `focus()` hands the keys back. */
export function createMarkers(view, { seek, setMarkers, focus }) {
  const root = element("div", "sm-markers");
  const field = element("input", "sm-note-field");
  field.type = "text";
  field.maxLength = LONGEST_NOTE;
  field.placeholder = "Note";
  field.hidden = true;
  const pins = element("div");
  root.append(pins, field);
  let map = null;
  let edited = null; // the marker whose note is in the field

  function draw() {
    pins.replaceChildren();
    if (!map) return;
    const seen = view.markers.filter(({ time }) => time >= map.from && time <= map.to);
    seen.forEach((marker, i) => {
      const x = map.x(marker.time);
      const room = (i + 1 < seen.length ? map.x(seen[i + 1].time) : map.width) - x;
      const pin = element("button", "sm-pin");
      pin.type = "button";
      pin.style.left = `${x}px`;
      pin.title = `${marker.time.toFixed(3)} s${marker.note ? `: ${marker.note}` : ""}`;
      pin.setAttribute("aria-label", `Marker at ${pin.title}`);
      if (marker.note && room > PIN_ROOM) {
        const note = element("span", "sm-pin-note", marker.note);
        note.style.maxWidth = `${Math.min(160, room - 14)}px`;
        pin.append(note);
      }
      pin.addEventListener("click", () => seek(marker.time));
      pin.addEventListener("dblclick", () => edit(marker));
      pin.addEventListener("keydown", (event) => {
        if (event.key === "F2") edit(marker);
        else if (event.key === "Delete" || event.key === "Backspace") remove(marker);
        else return;
        event.preventDefault();
      });
      pins.append(pin);
    });
  }

  function remove(marker) {
    setMarkers(view.markers.filter((other) => other !== marker));
    focus();
  }

  function edit(marker) {
    edited = marker;
    field.value = marker.note;
    field.hidden = false;
    field.style.left = `${Math.max(0, Math.min(map.width - 172, map.x(marker.time) - 4))}px`;
    field.setAttribute("aria-label", `Note of the marker at ${marker.time.toFixed(3)} s`);
    field.focus();
    field.select();
  }

  function close(save) {
    if (!edited) return;
    const old = edited;
    edited = null;
    field.hidden = true;
    const note = field.value.trim();
    if (save && note !== old.note) {
      setMarkers(view.markers.map((other) => (other === old ? { time: old.time, note } : other)));
    }
    focus();
  }
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") close(true);
    else if (event.key === "Escape") close(false);
    else return;
    event.preventDefault();
  });
  field.addEventListener("blur", () => close(true));

  return {
    root,
    /** A marker at this time, ready for its note; the one that is there already is edited. */
    add(time, near) {
      const old = view.markers.find((marker) => Math.abs(marker.time - time) < near);
      const marker = old || { time: Math.round(time * 1e4) / 1e4, note: "" };
      if (!old) setMarkers([...view.markers, marker].sort((a, b) => a.time - b.time));
      edit(marker);
    },
    place(to) {
      map = to;
      draw();
    },
  };
}
