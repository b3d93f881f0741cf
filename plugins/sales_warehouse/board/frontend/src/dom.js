// Elements are only ever made here, with text nodes: a name from the data can never become markup.

const SVG = "http://www.w3.org/2000/svg";

function apply(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") Object.entries(value).forEach(([key, v]) => element.style.setProperty(key, v));
    else element.setAttribute(name, value === true ? "" : value);
  }
}

function make(element, attributes, children) {
  apply(element, attributes ?? {});
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const h = (tag, attributes, ...children) => make(document.createElement(tag), attributes, children);
export const svg = (tag, attributes, ...children) => make(document.createElementNS(SVG, tag), attributes, children);

const PATHS = {
  up: "M8 3.5 13 12H3z",
  down: "M8 12.5 3 4h10z",
  flat: "M3 7h10v2H3z",
  check: "M6.6 12.2 2.7 8.3l1.3-1.3 2.6 2.6L12 4.2l1.3 1.3z",
  warn: "M8 1.8 15 14H1zm-.8 4.4v4h1.6v-4zm0 5v1.6h1.6v-1.6z",
  clock: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13m.8 3.2v3l2.3 1.9-1 1.2L7.2 8.4V4.7z",
  none: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2m0 1.6a4.4 4.4 0 0 1 3.4 7.2L5.2 4.6A4.4 4.4 0 0 1 8 3.6M4.6 5.2l6.2 6.2A4.4 4.4 0 0 1 4.6 5.2",
  sun: "M8 4.6a3.4 3.4 0 1 0 0 6.8 3.4 3.4 0 0 0 0-6.8M7.3 1h1.4v2H7.3zm0 12h1.4v2H7.3zM1 7.3h2v1.4H1zm12 0h2v1.4h-2zM2.5 3.5l1-1 1.4 1.4-1 1zm8.6 8.6 1-1 1.4 1.4-1 1zm0-8.2 1.4-1.4 1 1-1.4 1.4zM2.5 12.5l1.4-1.4 1 1-1.4 1.4z",
  moon: "M6.2 1.8a6.4 6.4 0 1 0 8 8A5.2 5.2 0 0 1 6.2 1.8",
  auto: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M8 3v10A5 5 0 0 1 8 3",
};

/** A small drawn sign; its meaning is always said in words beside it too. */
export const icon = (name) =>
  svg("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" }, svg("path", { d: PATHS[name], "fill-rule": "evenodd" }));
