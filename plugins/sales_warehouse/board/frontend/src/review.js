// The review of the last whole week: which week, where its pack lies, and what of it no other part of the page shows.
import { addDays, dayText } from "./dates.js";
import { h } from "./dom.js";
import { movers } from "./movers.js";
import { card, chip, nothing } from "./pieces.js";
import { scrollTable } from "./table.js";
import { named, say, spelled } from "./words.js";

const SHOWN = 12; // of one list; the pack has all
const TONE = { critical: "bad", fault: "bad", warning: "warn", info: "none" };

function week(monday) {
  const fact = (name, path) => h("p", { class: "fact" }, h("b", {}, say(name)), h("code", {}, path));
  return card(say("review_week", dayText(monday), dayText(addDays(monday, 6))), say("review_text"), null,
    h("div", { class: "facts" },
      fact("review_pack", `reviews/${monday}.json`),
      fact("review_tables", `reviews/${monday}/*.parquet`)),
    h("p", { class: "note" }, say("review_kept")));
}

const grave = (row) => chip(TONE[row.severity] ?? "warn", row.severity in TONE ? say(row.severity) : (row.severity ?? say("warning")));

function list(title, none, rows, columns, cells) {
  if (!rows) return card(say(title), null, null, nothing(true));
  if (!rows.length) return card(say(title), null, null, h("p", { class: "sub" }, say(none)));
  const line = (row) => {
    const [first, ...others] = cells(row);
    return h("tr", {}, h("th", { scope: "row" }, first), others.map((cell) => h("td", {}, cell)));
  };
  return card(say(title), null, null,
    scrollTable(say(title), columns.map((name) => [say(name)]), rows.slice(0, SHOWN).map(line)),
    rows.length > SHOWN && h("p", { class: "note" }, say("in_pack", rows.length - SHOWN)));
}

const ended = (tables) => list("ended", "ended_none", tables.ended_incidents, ["incident", "severity", "status", "opened", "over", "owner"], (row) => [
  named(row, "title") ?? row.incident_key, grave(row), say(`event_${row.incident_status}`), dayText(row.opened_date), dayText(row.closed_date), row.owner ?? "",
]);

function lints(tables) {
  const goal = (row) => named((tables.target_names ?? []).find((one) => one.target_id === row.subject_id), "name") ?? row.subject_id ?? spelled(row.subject_type);
  return list("goal_lints", "goal_lints_none", tables.goal_lints, ["about", "severity", "what"], (row) => [
    goal(row), grave(row), [row.smart_letter && `${row.smart_letter}: `, named(row, "message") ?? ""],
  ]);
}

export const review = (data) => [week(data.review_week), movers(data), ended(data.tables), lints(data.tables)];
