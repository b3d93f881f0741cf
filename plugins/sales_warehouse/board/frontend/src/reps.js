// Who sells: net sales and win rate of the chosen period.
import { isOpen, isUntold, members, more } from "./breakdown.js";
import { h } from "./dom.js";
import { repRegion, regionName } from "./names.js";
import { short } from "./numbers.js";
import { bar, card, delta, figure, nothing } from "./pieces.js";
import { sum } from "./series.js";
import { choose, state } from "./state.js";
import { csvButton } from "./table.js";
import { say } from "./words.js";

const SHOWN = 10;

/** Won and closed deals of the period's months, from the registry's rows; a rate is the quotient of the two sums. */
function winRates(data) {
  const { starts_on: from, ends_on: to } = data.period(state.period);
  const groups = Map.groupBy((data.tables.kpi_reps ?? []).filter((row) => row.start >= from && row.start <= to), (row) => row.rep_key);
  const rates = new Map();
  for (const [rep, rows] of groups) {
    const [won, closed] = [sum(rows, "numerator"), sum(rows, "denominator")];
    rates.set(rep, { won, closed, rate: closed > 0 ? won / closed : null });
  }
  return rates;
}

function standing(data) {
  const rates = winRates(data);
  const none = { won: null, closed: null, rate: null };
  const rows = members(data, "rep", state.region).map((row) => ({ ...row, ...(rates.get(row.member) ?? none), region: repRegion(row.member) }));
  const key = state.order === "wins" ? "rate" : "current_amount";
  return rows.toSorted((a, b) => (b[key] ?? -Infinity) - (a[key] ?? -Infinity) || (b.current_amount ?? 0) - (a.current_amount ?? 0));
}

function sortable(order, name) {
  const on = state.order === order;
  return h("th", { scope: "col", class: "num", "aria-sort": on ? "descending" : "none" },
    h("button", { type: "button", class: "sort", "data-focus": `order:${order}`, "aria-label": say("sort_by", name), onclick: () => choose("order", order) }, name, h("span", { "aria-hidden": "true" }, on ? " ↓" : "")));
}

function line(data, row, i, greatest) {
  return h("tr", {},
    h("td", { class: "rank" }, String(i + 1)),
    h("th", { scope: "row" }, row.name, h("span", { class: "sub" }, row.region ? regionName(row.region) : "")),
    h("td", { class: "bar-cell" }, bar(Math.abs(row.current_amount ?? 0) / greatest, row.current_amount < 0 ? "negative" : "")),
    h("td", { class: "num" }, figure(row.current_amount, "money", { "data-figure": `rep:${row.member}` })),
    data.comparable(state.period, "previous") && h("td", { class: "num wide-only" }, delta(row.current_amount, row.previous_amount, "money", 1)),
    data.comparable(state.period, "year") && h("td", { class: "num wide-only" }, delta(row.current_amount, row.year_amount, "money", 1)),
    h("td", { class: "num" }, figure(row.rate, "rate"), row.closed > 0 && h("span", { class: "sub" }, say("of", short(row.won), short(row.closed)))));
}

export function reps(data, redraw) {
  const rows = standing(data);
  if (!rows.length) return card(say("reps"), null, null, nothing(!data.tables.sales_spans));
  if (isUntold(rows)) return card(say("reps"), null, null, nothing(false, "untold"));
  const greatest = Math.max(...rows.map((row) => Math.abs(row.current_amount ?? 0))) || 1;
  const shown = isOpen("rep") ? rows : rows.slice(0, SHOWN);
  const columns = [["name", say("rep")], ["current_amount", say("net_sales")], ["previous_amount", say("period_before")], ["year_amount", say("year_before")], ["won", say("won")], ["closed", say("closed")], ["rate", say("win_rate")]];
  const head = h("tr", {}, h("th", { scope: "col", class: "rank" }, h("span", { class: "sr" }, say("rank"))), h("th", { scope: "col" }, say("rep")), h("td", {}), sortable("sales", say("net_sales")),
    data.comparable(state.period, "previous") && h("th", { scope: "col", class: "num wide-only" }, say("change_previous")), data.comparable(state.period, "year") && h("th", { scope: "col", class: "num wide-only" }, say("change_year")), sortable("wins", say("win_rate")));
  return card(say("reps"), null, csvButton(say("reps"), columns, rows),
    h("table", { class: "bars reps" }, h("caption", { class: "sr" }, say("reps")), h("thead", {}, head), h("tbody", {}, shown.map((row, i) => line(data, row, i, greatest)))),
    more("rep", rows.length, SHOWN, redraw));
}
