// The small parts that every section is made of.
import { h, icon } from "./dom.js";
import { change, changeText, exact, short } from "./numbers.js";
import { choose, state } from "./state.js";
import { say } from "./words.js";

/** A figure: short text, the exact value on hover; "no data" when there is none. */
export function figure(value, kind, attributes = {}) {
  const text = short(value, kind);
  if (text === null) return h("span", { ...attributes, class: `none ${attributes.class ?? ""}` }, say("no_data"));
  return h("data", { ...attributes, value: String(value), title: exact(value, kind) }, text);
}

/** How much a figure moved; `direction` says which way is good. Never colour alone: an arrow and a sign say it too. */
export function delta(now, then, kind, direction) {
  const moved = change(now, then, kind);
  if (moved === null) return h("span", { class: "none" }, "–");
  const still = Math.abs(moved) < 0.0005;
  const tone = still || !direction ? "same" : Math.sign(moved) === direction ? "good" : "bad";
  return h("span", { class: `delta ${tone}` }, icon(still ? "flat" : moved > 0 ? "up" : "down"), changeText(moved, kind));
}

const CHIP_ICON = { good: "check", warn: "clock", bad: "warn", none: "none" };
export const chip = (tone, text) => h("span", { class: `chip ${tone}` }, icon(CHIP_ICON[tone]), text);

/** One choice out of a few, worked with the keyboard like any row of toggle buttons. */
export function segmented(key, label, options) {
  const buttons = options.map(([value, text, title]) =>
    h("button", { type: "button", "data-focus": `${key}:${value}`, "aria-pressed": String(state[key] === value), title, onclick: () => choose(key, value) }, text),
  );
  return h("div", { class: "segmented", role: "group", "aria-label": label }, buttons);
}

export function dropdown(key, label, options) {
  const choices = options.map(([value, text]) => h("option", { value, selected: state[key] === value }, text));
  return h("label", { class: "dropdown" }, h("span", { class: "sr" }, label), h("select", { "data-focus": key, onchange: (event) => choose(key, event.target.value) }, choices));
}

export function nothing(missing, otherwise = "no_rows") {
  return h("p", { class: "nothing" }, icon("none"), say(missing ? "not_published" : otherwise));
}

/** A card with a heading. `tools` stand beside it. */
export function card(title, sub, tools, ...content) {
  return h("section", { class: "card" },
    h("header", { class: "card-head" }, h("div", {}, h("h3", {}, title), sub && h("p", { class: "sub" }, sub)), h("div", { class: "tools" }, tools)),
    content);
}

/** A bar whose length is `part` of 1; decoration beside a written figure. */
export const bar = (part, tone = "") =>
  part > 0 && h("span", { class: "bar", "aria-hidden": "true" }, h("i", { class: tone, style: { "--part": `${Math.max(0, Math.min(1, part || 0)) * 100}%` } }));
