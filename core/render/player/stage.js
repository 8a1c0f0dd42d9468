// Part of the player module: the stage, all panels together, and how they are laid out.

const PANEL_GAP = 12;
const PANEL_MIN_HEIGHT = 180;
const PANEL_MAX_HEIGHT = 480;

/** The panels. `view` is what the viewer has set (settings.js); `wake` asks for a new drawing. */
function createStage(data, look, view, wake) {
  const { header } = data;
  const root = element("div", "sm-panels");
  const panels = header.panels.map((spec) => createPanel(spec, data, look, wake));
  panels.forEach((panel, i) => {
    // a style picked in the player outlives new data, unless the page itself asks for another one
    const asked = header.panels[i].style;
    if (view.styles && view.asked && view.asked[i] === asked) panel.style = view.styles[i] || asked;
    root.append(panel.root);
  });
  return {
    root,
    panels,
    /** Draw what belongs to `time`; videos only where `pictures` says so: at the moment when a new
     * picture is there, its time and its pixels surely belong together. */
    draw(time, video, pictureTime, pictures) {
      for (const panel of panels) {
        if (!panel.isVideo) panel.draw(time, null);
        else if (pictures) panel.draw(pictureTime, video);
      }
    },
    drawPictures(video, pictureTime) {
      for (const panel of panels) if (panel.isVideo) panel.draw(pictureTime, video);
    },
    /** Panels in as few rows as keep them tall enough, all of one height, filling the width. */
    layout(video, ratio) {
      const width = root.clientWidth;
      if (!width) return false;
      const shapes = panels.map((panel) => panel.aspect(video));
      let rows = 1;
      let heights;
      do {
        heights = splitRows(shapes, rows).map(
          (row) => (width - PANEL_GAP * (row.length - 1)) / row.reduce((s, i) => s + shapes[i], 0),
        );
        rows += 1;
      } while (Math.min(...heights) < PANEL_MIN_HEIGHT && rows <= panels.length);
      const height = Math.round(Math.min(PANEL_MAX_HEIGHT, Math.min(...heights)));
      for (const row of splitRows(shapes, rows - 1)) {
        const total = row.reduce((s, i) => s + shapes[i], 0);
        const room = width - PANEL_GAP * (row.length - 1);
        for (const i of row) {
          const w = Math.floor((room * shapes[i]) / total);
          panels[i].root.style.width = `${w}px`;
          panels[i].resize(w - 2, height, ratio);
        }
      }
      return true;
    },
    retheme() {
      for (const panel of panels) panel.retheme();
    },
    /** Styles as they stand, and as the page asked for them. */
    styles: () => ({
      styles: panels.map((panel) => panel.style),
      asked: header.panels.map((spec) => spec.style),
    }),
  };
}

/** Indices of the panels, in `rows` rows of about equal total width. */
function splitRows(shapes, rows) {
  const per = Math.ceil(shapes.length / rows);
  const found = [];
  for (let i = 0; i < shapes.length; i += per) {
    found.push(shapes.map((_, k) => k).slice(i, i + per));
  }
  return found;
}
