// What the reader chose. Kept between visits where the browser allows it (not from every sandbox).

const KEPT = ["language", "theme"];
const listeners = new Set();

export const state = { language: "en", theme: "auto", period: "mtd", region: "", grain: "month", cohort: "", order: "sales", map: "sales" };

function remembered(key) {
  try {
    return localStorage.getItem(`sales-board.${key}`);
  } catch {
    return null;
  }
}

function remember(key, value) {
  try {
    localStorage.setItem(`sales-board.${key}`, value);
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
  }
}

export function restore(defaults) {
  Object.assign(state, defaults);
  const language = remembered("language");
  const theme = remembered("theme");
  if (["en", "zh"].includes(language)) state.language = language;
  if (["auto", "light", "dark"].includes(theme)) state.theme = theme;
}

export function choose(key, value) {
  if (state[key] === value) return;
  state[key] = value;
  if (KEPT.includes(key)) remember(key, value);
  listeners.forEach((listener) => listener(key));
}

export const onChoice = (listener) => listeners.add(listener);
