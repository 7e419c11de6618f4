// Building elements. Text is always text: nothing here takes HTML.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export const find = (id) => document.getElementById(id);

// A colour that a service keeps, whatever the order in which services appear.
export function coloured(node, service) {
  let hash = 0;
  for (const char of service) hash = (hash * 31 + char.codePointAt(0)) >>> 0;
  node.style.setProperty("--hue", hash % 360);
  return node;
}

export function announce(text, kind = "") {
  const state = find("state");
  if (state.textContent !== text) state.textContent = text;
  state.dataset.kind = kind;
}
