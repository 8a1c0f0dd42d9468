// Which subjects the layouts compare, and which layouts are possible.

/** The subjects that a layout of two may start with, the first two first. */
export function startingPair(layout, subjects, truth) {
  const faces = subjects.filter((s) => !s.isVideo);
  const models = faces.filter((s) => s !== truth);
  const others = subjects.filter((s) => s.isVideo && s !== truth && (layout === "split" || s.track));
  if (layout === "difference" && truth) return [truth, models[0] || others[0]];
  return [...models, ...(truth ? [truth] : []), ...others];
}

/** Which layouts these subjects allow. */
export function possibleLayouts(subjects, truth) {
  const tracks = subjects.filter((s) => s.track).length;
  const two = (layout) => startingPair(layout, subjects, truth).filter(Boolean).length >= 2;
  return { grid: true, overlay: tracks > 0, split: two("split"), difference: two("difference") };
}

/** What the others are compared with: the landmarks marked as the truth, else the video's. */
export function truthOf(subjects) {
  const marked = subjects.filter((s) => s.spec.truth && s.track);
  return marked.find((s) => !s.isVideo) || marked[0] || null;
}
