// Curves of numbers under the waveform, with a legend that reads them.
// Curves of one unit share an axis.

import { element } from "./dom.js";
import { makeTiming, TIME_EPS } from "./timing.js";

export const CURVES_HEIGHT = 76;

/** `view.curvesHidden` names the ones not drawn; `change` is told when the legend is clicked. */
export function createCurves({ curves }, look, view, change) {
  const root = element("div", "sm-legend");
  root.hidden = !curves.length;
  const axes = new Map(); // unit -> {low, high, digits}
  for (const { unit, values } of curves) {
    const axis = axes.get(unit) || { low: Infinity, high: -Infinity };
    for (const value of values) {
      if (value < axis.low) axis.low = value; // NaN is neither below nor above
      if (value > axis.high) axis.high = value;
    }
    axes.set(unit, axis);
  }
  for (const axis of axes.values()) {
    if (axis.low > axis.high) Object.assign(axis, { low: 0, high: 1 });
    if (axis.low > 0 && axis.low < axis.high / 2) axis.low = 0;
    if (axis.high - axis.low < 1e-9) axis.high = axis.low + 1;
    axis.digits = Math.max(0, Math.min(5, 2 - Math.floor(Math.log10(axis.high - axis.low))));
  }
  const items = curves.map((spec, i) => {
    const timing = makeTiming(null, 0, spec.times, spec.times.length);
    const button = element("button", "sm-curve");
    button.type = "button";
    const swatch = element("span", "sm-swatch");
    const number = element("span", "sm-number");
    button.append(swatch, element("span", "sm-curve-name", spec.name), number, element("span", "sm-unit", spec.unit));
    button.title = `Show or hide ${spec.name}`;
    button.addEventListener("click", () => {
      const hidden = view.curvesHidden;
      change({ curvesHidden: hidden.includes(i) ? hidden.filter((k) => k !== i) : [...hidden, i].sort() });
    });
    root.append(button);
    return { spec, timing, button, swatch, number, axis: axes.get(spec.unit), seen: null };
  });
  const shown = (i) => !view.curvesHidden.includes(i);
  const y = ({ axis }, value, top) => top + CURVES_HEIGHT - 6 - ((value - axis.low) / (axis.high - axis.low)) * (CURVES_HEIGHT - 12);

  /** The value whose time has come, NaN before, after, and in gaps. */
  function valueAt(item, time) {
    const { timing, spec } = item;
    if (!timing.count || time < timing.at(0) - TIME_EPS || time > timing.end) return NaN;
    return spec.values[timing.frame(time)];
  }

  function line(c, map, item, top) {
    const { spec, timing } = item;
    const first = Math.max(0, timing.frame(map.from));
    const end = Math.min(timing.count, timing.frame(map.to) + 2);
    const crowd = Math.max(1, Math.floor((end - first) / (2 * map.width))); // values drawn as one stroke
    let open = false;
    c.beginPath();
    for (let k = first; k < end; k += crowd) {
      let low = Infinity;
      let high = -Infinity;
      for (let n = k; n < Math.min(end, k + crowd); n += 1) {
        if (spec.values[n] < low) low = spec.values[n];
        if (spec.values[n] > high) high = spec.values[n];
      }
      if (low > high) open = false;
      else {
        const x = map.x(spec.times[k]);
        if (open) c.lineTo(x, y(item, high, top));
        else c.moveTo(x, y(item, high, top));
        if (crowd > 1) c.lineTo(x, y(item, low, top));
        open = true;
      }
    }
    c.strokeStyle = look().ink(spec.colour);
    c.lineWidth = 1.5;
    c.lineJoin = "round";
    c.setLineDash(spec.line === "dashed" && crowd === 1 ? [4, 3] : []);
    c.globalAlpha = crowd === 1 ? 1 : 0.5; // bands of many values do not hide one another
    c.stroke();
    c.globalAlpha = 1;
    c.setLineDash([]);
  }

  return {
    root,
    count: curves.length,
    /** Lines and the ends of the axes of up to two units. */
    paint(c, map, top) {
      const theme = look();
      const visible = items.filter((_, i) => shown(i));
      for (const item of visible.slice(0, 1)) {
        if (item.axis.low > 0 || item.axis.high < 0) continue;
        c.fillStyle = theme.line;
        c.fillRect(0, Math.round(y(item, 0, top)), map.width, 1);
      }
      for (const item of visible) line(c, map, item, top);
      c.font = `10px ${theme.font}`;
      c.textBaseline = "middle";
      [...new Set(visible.map((item) => item.spec.unit))].slice(0, 2).forEach((unit, right) => {
        const { low, high, digits } = axes.get(unit);
        c.textAlign = right ? "right" : "left";
        for (const [value, at] of [[high, top + 7], [low, top + CURVES_HEIGHT - 7]]) {
          const text = `${value.toFixed(Math.max(0, digits - 1))} ${unit}`;
          const wide = c.measureText(text).width + 9;
          c.fillStyle = theme.ground;
          c.globalAlpha = 0.8; // what runs through the numbers is faint there
          c.fillRect(right ? map.width - wide : 0, at - 6, wide, 12);
          c.globalAlpha = 1;
          c.fillStyle = theme.muted;
          c.fillText(text, right ? map.width - 5 : 5, at);
        }
      });
    },
    /** A dot on each curve at the playhead. */
    dots(c, map, time, top) {
      for (let i = 0; i < items.length; i += 1) {
        const value = shown(i) ? valueAt(items[i], time) : NaN;
        if (Number.isNaN(value)) continue;
        c.beginPath();
        c.arc(map.x(time), y(items[i], value, top), 3, 0, 2 * Math.PI);
        c.fillStyle = look().ink(items[i].spec.colour);
        c.fill();
      }
    },
    /** The legend's numbers. */
    read(time) {
      for (const item of items) {
        const value = valueAt(item, time);
        if (Object.is(value, item.seen)) continue;
        item.seen = value;
        item.number.textContent = Number.isNaN(value) ? "–" : value.toFixed(item.axis.digits);
      }
    },
    describe: (time) =>
      items.flatMap((item, i) => {
        const value = shown(i) ? valueAt(item, time) : NaN;
        return Number.isNaN(value) ? [] : [`${item.spec.name} ${value.toFixed(item.axis.digits)} ${item.spec.unit}`.trim()];
      }),
    update() {
      items.forEach(({ button, swatch, spec }, i) => {
        button.setAttribute("aria-pressed", String(shown(i)));
        swatch.style.color = look().ink(spec.colour);
        swatch.classList.toggle("sm-dashed", spec.line === "dashed");
      });
    },
  };
}
