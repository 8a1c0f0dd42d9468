// What the timeline shows of the audio, and its rows of words and phonemes.
// `map` is the window of time on show: {from, to, width, x(time), time(x)}; x in CSS pixels.

export const WAVE_HEIGHT = 46;
export const SPECTRUM_HEIGHT = 64;
export const LANE_HEIGHT = 20;

/** The part of `count` equal stretches of `duration` that the pixels x0 to x1 cover, as [first, end]. */
function stretch(map, x0, x1, count, duration) {
  const at = (x) => Math.floor((map.time(x) / duration) * count);
  const first = Math.max(0, Math.min(count - 1, at(x0)));
  return [first, Math.max(first + 1, Math.min(count, at(x1)))];
}

/** Bars of 2 px with 1 px between; a line where there is no sound. */
export function paintWave(c, map, top, peaks, duration, colour) {
  const middle = top + WAVE_HEIGHT / 2;
  c.fillStyle = colour;
  if (!peaks || !peaks.length) return c.fillRect(0, middle - 1, map.width, 2);
  for (let x = 0; x < map.width; x += 3) {
    const [first, end] = stretch(map, x, x + 3, peaks.length, duration);
    let peak = 0;
    for (let k = first; k < end; k += 1) peak = Math.max(peak, peaks[k] || 0);
    const half = Math.max(0.5, peak * (WAVE_HEIGHT / 2 - 5));
    c.fillRect(x, middle - half, 2, 2 * half);
  }
}

/** Low pitch at the bottom; loud is ink, silence is the ground. */
export function paintSpectrum(c, map, top, spectrum, bands, duration, [r, g, b]) {
  const count = spectrum.length / bands;
  const width = Math.max(1, Math.floor(map.width));
  const image = new ImageData(width, bands);
  for (let x = 0; x < width; x += 1) {
    const [first, end] = stretch(map, x, x + 1, count, duration);
    for (let band = 0; band < bands; band += 1) {
      let loud = 0;
      for (let k = first; k < end; k += 1) loud = Math.max(loud, spectrum[band * count + k]);
      const at = 4 * ((bands - 1 - band) * width + x);
      image.data[at] = r;
      image.data[at + 1] = g;
      image.data[at + 2] = b;
      image.data[at + 3] = (loud * loud) / 255; // quiet parts step back
    }
  }
  const drawn = document.createElement("canvas");
  drawn.width = width;
  drawn.height = bands;
  drawn.getContext("2d").putImageData(image, 0, 0);
  c.imageSmoothingEnabled = true;
  c.drawImage(drawn, 0, top, map.width, SPECTRUM_HEIGHT);
}

export function paintStretches(c, map, stretches, top, height, colour) {
  c.fillStyle = colour;
  for (const [from, to] of stretches) {
    if (to > map.from && from < map.to) c.fillRect(map.x(from), top, map.x(to) - map.x(from), height);
  }
}

export function paintLane(c, map, top, labels, theme) {
  c.font = `11px ${theme.font}`;
  c.textBaseline = "middle";
  c.textAlign = "center";
  for (const item of labels) {
    if (item.end < map.from || item.start > map.to) continue;
    const x0 = Math.max(0, map.x(item.start));
    const x1 = Math.min(map.width, map.x(item.end));
    c.fillStyle = theme.lane;
    c.fillRect(x0 + 0.5, top + 1, Math.max(1, x1 - x0 - 1), LANE_HEIGHT - 3);
    const text = fitText(c, item.label, x1 - x0 - 6);
    if (!text) continue;
    c.fillStyle = theme.text;
    c.fillText(text, (x0 + x1) / 2, top + LANE_HEIGHT / 2 - 0.5);
  }
}

/** The text, shortened to fit; nothing where not even one letter fits. */
export function fitText(ctx, text, room) {
  if (room < 6) return "";
  if (ctx.measureText(text).width <= room) return text;
  for (let n = Math.min(text.length - 1, 40); n > 0; n -= 1) {
    const short = `${text.slice(0, n)}…`;
    if (ctx.measureText(short).width <= room) return short;
  }
  return "";
}
