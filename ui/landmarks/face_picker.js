// A picture with the faces in it: a box for each, and a click anywhere tells where it was, in pixels of the
// frame. Boxes are buttons, so that they can be reached and pressed by key.

const HEIGHT = 460; // pixels, at most

export default function (component) {
  const { data, parentElement: parent, setTriggerValue } = component;
  const [wide, high] = data.size;
  const figure = document.createElement("figure");
  figure.style.width = `min(100%, ${(HEIGHT * wide) / high}px)`; // before the picture has come, too
  const picture = document.createElement("img");
  picture.src = data.picture;
  picture.alt = data.told;
  picture.style.aspectRatio = `${wide} / ${high}`;
  figure.append(picture);
  for (const face of data.faces) {
    const [left, top, width, height] = face.box;
    const button = document.createElement("button");
    button.type = "button";
    button.style.left = `${(100 * left) / wide}%`;
    button.style.top = `${(100 * top) / high}%`;
    button.style.width = `${(100 * width) / wide}%`;
    button.style.height = `${(100 * height) / high}%`;
    button.setAttribute("aria-pressed", String(face.chosen));
    button.setAttribute("aria-label", `Face ${face.number}${face.chosen ? ", chosen" : ""}`);
    const tag = document.createElement("span");
    tag.textContent = String(face.number);
    button.append(tag);
    button.addEventListener("click", (event) => {
      if (event.detail) return; // a click with the mouse reaches the picture
      setTriggerValue("place", [left + width / 2, top + height / 2]);
      event.stopPropagation();
    });
    figure.append(button);
  }
  figure.addEventListener("click", (event) => {
    const frame = picture.getBoundingClientRect();
    setTriggerValue("place", [
      ((event.clientX - frame.left) / frame.width) * wide,
      ((event.clientY - frame.top) / frame.height) * high,
    ]);
  });
  const held = parent.querySelector("figure");
  if (held) held.replaceWith(figure);
  else parent.append(figure);
  return () => figure.remove();
}
