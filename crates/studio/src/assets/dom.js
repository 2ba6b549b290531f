// Elements, icons and small helpers. Text is always text: nothing is ever parsed as HTML.

export const $ = (selector, within = document) => within.querySelector(selector);

// h("button", { class: "quiet", onclick: f, "aria-label": "Play" }, children…)
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name in element && !name.startsWith("aria") && name !== "list") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function replace(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
}

const PATHS = {
  play: "M7 4.5v15l12-7.5z",
  pause: "M7 5h3.5v14H7zM13.5 5H17v14h-3.5z",
  stop: "M6 6h12v12H6z",
  start: "M6 5h2.5v14H6zM19 5v14l-9.5-7z",
  loop: "M7 7h9a4 4 0 0 1 4 4v1h-2v-1a2 2 0 0 0-2-2H7v3L2.5 8 7 4zM17 17H8a4 4 0 0 1-4-4v-1h2v1a2 2 0 0 0 2 2h9v-3l4.5 4-4.5 4z",
  undo: "M9 5v4h5a5.5 5.5 0 0 1 0 11H8v-2h6a3.5 3.5 0 0 0 0-7H9v4L3.500 10z",
  redo: "M15 5v4h-5a5.500 5.500 0 0 0 0 11h6v-2h-6a3.500 3.500 0 0 1 0-7h5v4l5.500-5z",
  draw: "M4 16.500V20h3.500L18 9.500 14.500 6zM19.500 8l1.200-1.200a1 1 0 0 0 0-1.400l-2.100-2.100a1 1 0 0 0-1.400 0L16 4.500z",
  remove: "M8 4h8l1 2h4v2H3V6h4zM5.500 9.500h13l-1 11h-11z",
  theme: "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
  help: "M11 17h2v2h-2zM12 5a4 4 0 0 0-4 4h2a2 2 0 1 1 3.200 1.600C11.800 11.700 11 12.500 11 15h2c0-1.700.6-2.200 1.500-2.900A4 4 0 0 0 12 5z",
  lock: "M7 10V8a5 5 0 0 1 10 0v2h1.500v10h-13V10zM9 10h6V8a3 3 0 0 0-6 0z",
  dice: "M5 4h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zm3 3v2h2V7zm6 0v2h2V7zm-3 4v2h2v-2zm-3 4v2h2v-2zm6 0v2h2v-2z",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  path.setAttribute("fill-rule", "evenodd");
  svg.append(path);
  return svg;
}

export function iconButton(name, label, onclick, properties = {}) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...properties }, icon(name));
}

export function setPressed(button, pressed) {
  button.setAttribute("aria-pressed", pressed ? "true" : "false");
}

// Says something to screen readers, and in the line at the bottom.
export function say(text) {
  const line = $("#status");
  if (line) line.textContent = text;
}

let hiding = 0;

// What went wrong, in a sentence that stays until it is closed or some seconds have passed.
export function complain(error) {
  const box = $("#complaint");
  box.querySelector("span").textContent = typeof error === "string" ? error : error.message || String(error);
  box.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { box.hidden = true; }, 12000);
}

export const plural = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

// An empty canvas as sharp as the screen, to be drawn on in the pixels of the page: its context, width and height.
export function emptyCanvas(canvas, w = canvas.clientWidth, h = canvas.clientHeight) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = w * ratio;
  canvas.height = h * ratio;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  return [context, w, h];
}

// A colour of the style sheet by its name.
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
