// Colours live in the style sheet; charts read them from there, so light, dark and print have one home.
import { state } from "./state.js";

const NAMES = ["ink", "soft", "faint", "line", "surface", "accent", "accent-2", "accent-3", "good", "bad", "warn", "quiet"];
const dark = matchMedia("(prefers-color-scheme: dark)");
let printing = false;

export const effective = () => (printing ? "light" : state.theme === "auto" ? (dark.matches ? "dark" : "light") : state.theme);
export const applyTheme = () => document.documentElement.setAttribute("data-theme", effective());

export function colours() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

/** Calls back when the system's theme changes, and before and after printing (paper is always light). */
export function onThemeChange(listener) {
  dark.addEventListener("change", () => state.theme === "auto" && listener());
  const turn = (on) => () => {
    printing = on;
    document.documentElement.toggleAttribute("data-printing", on); // the style sheet lays out for paper, so charts measure it
    listener();
  };
  addEventListener("beforeprint", turn(true));
  addEventListener("afterprint", turn(false));
}
