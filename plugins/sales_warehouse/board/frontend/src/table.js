// Tables: the ones beside charts, and the way out as a file.
import { h } from "./dom.js";
import { figure } from "./pieces.js";
import { exact } from "./numbers.js";
import { say } from "./words.js";

const FORMULA = /^[=+\-@\t\r]/;

function cellText(value) {
  const text = value === null || value === undefined ? "" : String(value);
  const safe = typeof value === "string" && FORMULA.test(text) ? `'${text}` : text; // a spreadsheet must not run it
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csvButton(title, columns, rows) {
  const save = () => {
    const lines = [columns.map(([, name]) => cellText(name)), ...rows.map((row) => columns.map(([key]) => cellText(row[key])))];
    const file = new Blob(["\ufeff", lines.map((line) => line.join(",")).join("\r\n")], { type: "text/csv;charset=utf-8" });
    const link = h("a", { href: URL.createObjectURL(file), download: `${title}.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };
  return h("button", { type: "button", class: "ghost", "aria-label": say("csv_of", title), onclick: save }, say("csv"));
}

/** A table that scrolls within its place: `heads` are [heading, class?], `lines` its rows. */
export const scrollTable = (caption, heads, lines, tone) =>
  h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h("table", { class: tone }, h("caption", { class: "sr" }, caption),
      h("thead", {}, h("tr", {}, heads.map(([name, kind]) => h("th", { scope: "col", class: kind }, name)))),
      h("tbody", {}, lines)));

/** `columns` are [key, heading, kind?]; a kind makes the column numbers, written exactly. */
export function plainTable(caption, columns, rows) {
  const cell = (row, [key, , kind], i) => {
    if (kind) return h("td", { class: "num" }, exact(row[key], kind) === null ? figure(null) : exact(row[key], kind));
    return i === 0 ? h("th", { scope: "row" }, row[key]) : h("td", {}, row[key]);
  };
  const heads = columns.map(([, name, kind]) => [name, kind && "num"]);
  return scrollTable(caption, heads, rows.map((row) => h("tr", {}, columns.map((column, i) => cell(row, column, i)))), "exact");
}

/** A place for a chart; `paint` draws into it once it is in the page. */
export function chartBox(label, paint) {
  const box = h("div", { class: "chart", role: "img", "aria-label": label });
  queueMicrotask(() => paint(box));
  return box;
}

/** `element` with its table behind it: a button turns one into the other. */
export function withTable(title, element, columns, rows) {
  const table = h("div", { hidden: true }, plainTable(title, columns, rows));
  const button = h("button", { type: "button", class: "ghost", "aria-pressed": "false" }, say("as_table"));
  button.addEventListener("click", () => {
    table.hidden = !table.hidden;
    element.hidden = !table.hidden;
    button.setAttribute("aria-pressed", String(!table.hidden));
  });
  return { body: [element, table], tools: [button, csvButton(title, columns, rows)] };
}
