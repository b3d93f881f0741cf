// Net sales of the chosen period by one dimension: a table whose bars are part of it.
import { h } from "./dom.js";
import { bar, card, delta, figure, nothing } from "./pieces.js";
import { memberName } from "./names.js";
import { short } from "./numbers.js";
import { choose, state } from "./state.js";
import { csvButton } from "./table.js";
import { say } from "./words.js";

const SHOWN = 8;
const opened = new Set();

/** The published sums of the chosen period: one row for each member, largest first, members without a sale last. */
export function members(data, dimension, region, known = []) {
  const rows = (data.tables.sales_spans ?? []).filter((row) => row.period === state.period && row.dimension === dimension && row.region_key === region);
  const seen = new Set(rows.map((row) => row.member));
  const silent = known.filter((member) => !seen.has(member)).map((member) => ({ member, current_amount: null, previous_amount: null, year_amount: null }));
  return [...rows, ...silent].map((row) => ({ ...row, name: memberName(dimension, row.member) })).toSorted((a, b) => (b.current_amount ?? -Infinity) - (a.current_amount ?? -Infinity) || (a.name < b.name ? -1 : 1));
}

/** True when no row says who it belongs to: a list of one "unknown" would only look like a figure. */
export const isUntold = (rows) => rows.every((row) => row.member === "unknown" || row.current_amount === null) && rows.some((row) => row.member === "unknown");

export const totalOf = (data, region) =>
  (data.tables.sales_spans ?? []).find((row) => row.period === state.period && row.dimension === "total" && row.region_key === region);

/** A button under a long list that opens it; remembered while the page is open. */
export function more(key, count, shown, redraw) {
  if (count <= shown) return null;
  const open = opened.has(key);
  const turn = () => {
    if (open) opened.delete(key);
    else opened.add(key);
    redraw();
  };
  return h("button", { type: "button", class: "ghost more", "data-focus": `more:${key}`, "aria-expanded": String(open), onclick: turn }, open ? say("show_less") : say("show_all", count));
}
export const isOpen = (key) => opened.has(key);

function nameCell(row, dimension) {
  if (dimension !== "region") return h("th", { scope: "row" }, row.name);
  const on = state.region === row.member;
  return h("th", { scope: "row" }, h("button", { type: "button", class: "link", "data-focus": `region:${row.member}`, "aria-pressed": String(on), onclick: () => choose("region", on ? "" : row.member) }, row.name));
}

function line(data, row, dimension, greatest, total) {
  const share = total > 0 && row.current_amount !== null ? row.current_amount / total : null;
  return h("tr", { class: dimension === "region" && state.region === row.member ? "chosen" : null },
    nameCell(row, dimension),
    h("td", { class: "bar-cell" }, bar(Math.abs(row.current_amount ?? 0) / greatest, row.current_amount < 0 ? "negative" : "")),
    h("td", { class: "num" }, figure(row.current_amount, "money", { "data-figure": `${dimension}:${row.member}` })),
    h("td", { class: "num share" }, share === null ? "–" : short(share, "rate")),
    data.comparable(state.period, "previous") && h("td", { class: "num" }, delta(row.current_amount, row.previous_amount, "money", 1)),
    data.comparable(state.period, "year") && state.period !== "last_12" && h("td", { class: "num wide-only" }, delta(row.current_amount, row.year_amount, "money", 1)));
}

const columns = (title) => [["name", title], ["current_amount", say("net_sales")], ["previous_amount", say("period_before")], ["year_amount", say("year_before")]];

export function breakdown(data, dimension, title, known, redraw) {
  const region = dimension === "region" ? "" : state.region;
  const rows = members(data, dimension, region, known);
  if (!rows.length) return card(title, null, null, nothing(!data.tables.sales_spans));
  if (isUntold(rows)) return card(title, null, null, nothing(false, "untold"));
  const greatest = Math.max(...rows.map((row) => Math.abs(row.current_amount ?? 0))) || 1;
  const total = totalOf(data, region)?.current_amount;
  const shown = isOpen(dimension) ? rows : rows.slice(0, SHOWN);
  const heading = h("tr", {}, h("th", { scope: "col" }, h("span", { class: "sr" }, title)), h("td", {}), h("th", { scope: "col", class: "num" }, say("net_sales")), h("th", { scope: "col", class: "num share" }, say("share")),
    data.comparable(state.period, "previous") && h("th", { scope: "col", class: "num" }, say("change_previous")),
    data.comparable(state.period, "year") && state.period !== "last_12" && h("th", { scope: "col", class: "num wide-only" }, say("change_year")));
  return card(title, null, csvButton(title, columns(title), rows),
    h("table", { class: "bars members" }, h("caption", { class: "sr" }, title), h("thead", {}, heading), h("tbody", {}, shown.map((row) => line(data, row, dimension, greatest, total)))),
    more(dimension, rows.length, SHOWN, redraw));
}
