// What moved most in the last whole week, the month that ended in it, or cohorts that had had their time in it.
import { periodText } from "./dates.js";
import { h } from "./dom.js";
import { goodDirection, memberName, metricName } from "./names.js";
import { kindOf, short } from "./numbers.js";
import { card, delta, figure, nothing } from "./pieces.js";
import { csvButton, scrollTable } from "./table.js";
import { say } from "./words.js";

const where = (row) => (row.dimension_name === "total" ? say("total") : memberName(row.dimension_name, row.dimension_value));

// What grows with the days is held against the period before as it would have been with the workdays of this one.
function line(row) {
  const kind = kindOf(row.unit);
  const before = row.comparable_value ?? row.previous_value;
  return h("tr", { "data-mover": `${row.metric_id}:${row.dimension_value}` },
    h("th", { scope: "row" }, metricName(row.metric_id), h("span", { class: "sub" }, periodText(row.period_start_date, row.period_grain))),
    h("td", {}, where(row)),
    h("td", { class: "num" }, figure(row.value, kind)),
    h("td", { class: "num" }, figure(before, kind), before !== row.previous_value
      && h("span", { class: "sub" }, say("as_workdays", short(row.previous_value, kind), row.previous_workday_count, row.workday_count))),
    h("td", { class: "num" }, delta(row.value, before, kind, goodDirection(row.metric_id))));
}

export function movers(data) {
  const rows = data.tables.movers;
  if (!rows?.length) return card(say("movers"), null, null, nothing(!rows));
  const columns = [["name", say("metric")], ["where", say("where")], ["value", say("last_period")], ["previous_value", say("period_before")], ["change_value", say("change_previous")]];
  const listed = rows.map((row) => ({ ...row, name: metricName(row.metric_id), where: where(row) }));
  return card(say("movers"), say("movers_sub"), csvButton(say("movers"), columns, listed),
    scrollTable(say("movers"), columns.map(([key, name]) => [name, key === "name" || key === "where" ? null : "num"]), rows.map(line)));
}
