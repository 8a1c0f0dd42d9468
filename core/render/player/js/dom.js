// Small helpers that create elements.

export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text; // never markup: titles are other people's text
  return made;
}

export function pickOne(label, choices, value, pick) {
  const select = element("select");
  select.setAttribute("aria-label", label);
  for (const [name, text] of choices) {
    const option = element("option", "", text);
    option.value = name;
    select.append(option);
  }
  select.value = value;
  select.addEventListener("change", () => pick(select.value));
  return select;
}
