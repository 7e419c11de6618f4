// Building elements. Text is always text: nothing here takes HTML.

const NOTE_MS = 6000;
let fading;

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

export const button = (text, action, more = {}) => element("button", { type: "button", onclick: action, ...more }, text);

// A colour that a service keeps, whatever the order in which services appear.
export function coloured(node, service) {
  let hash = 0;
  for (const char of service) hash = (hash * 31 + char.codePointAt(0)) >>> 0;
  node.style.setProperty("--hue", hash % 360);
  return node;
}

export const serviceName = (service) => coloured(element("span", { class: "service" }, service), service);

// Make a node say parts: text, or names of services as { service }. What stays the same stays selected and focused.
export function say(node, parts) {
  const now = [...node.childNodes];
  const isSame = now.length === parts.length
    && parts.every((part, at) => (typeof part === "string") === (now[at].nodeType === Node.TEXT_NODE));
  if (!isSame) {
    node.replaceChildren(...parts.map((part) => (typeof part === "string" ? new Text(part) : serviceName(part.service))));
    return;
  }
  parts.forEach((part, at) => {
    const text = typeof part === "string" ? part : part.service;
    if (now[at].textContent === text) return;
    now[at].textContent = text;
    if (typeof part !== "string") coloured(now[at], part.service);
  });
}

// The state of the connection, or of what the screen does.
export function announce(text, kind = "") {
  const state = find("state");
  if (state.textContent !== text) state.textContent = text;
  state.dataset.kind = kind;
}

export const announced = () => [find("state").textContent, find("state").dataset.kind ?? ""];

// What became of a key or a click; it goes by itself, and hides no state.
export function note(text, kind = "") {
  const place = find("note");
  place.textContent = text;
  place.dataset.kind = kind;
  place.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => { place.hidden = true; }, NOTE_MS);
}
