// Targets as bullet bars: how far, and how far it should be by now.
import { dayText, periodText } from "./dates.js";
import { h } from "./dom.js";
import { memberName, metric, metricName } from "./names.js";
import { kindOf, short } from "./numbers.js";
import { card, chip, figure, nothing } from "./pieces.js";
import { csvButton, scrollTable } from "./table.js";
import { named, say } from "./words.js";

const TONE = { met: "good", on_track: "good", behind: "bad", missed: "bad", not_started: "none", no_data: "none", no_target: "none" };

function title(target, names) {
  const name = named((names ?? []).find((row) => row.target_id === target.target_id), "name");
  if (name) return name;
  const scope = target.scope_dimension && target.scope_dimension !== "total" ? ` · ${memberName(target.scope_dimension, target.scope_value)}` : "";
  return metricName(target.metric_id) + scope;
}

const clamp = (share) => `${Math.max(0, Math.min(1, share ?? 0)) * 100}%`;

function bullet(target) {
  const words = `${say("progress")} ${short(target.progress_rate, "rate") ?? say("no_data")}, ${say("expected")} ${short(target.expected_progress_rate, "rate") ?? say("no_data")}`;
  return h("div", { class: "bullet", role: "img", "aria-label": words, title: words },
    h("i", { class: `fill ${TONE[target.status] ?? "none"}`, style: { "--part": clamp(target.progress_rate) } }),
    target.expected_progress_rate !== null && h("i", { class: "tick", style: { "--part": clamp(target.expected_progress_rate) } }));
}

/** Where it will end, and whether that is far enough; nothing where it is over or cannot be told. */
const finish = (target, kind) =>
  short(target.projected_value, kind) !== null && h("span", { class: "sub" }, say("finish"), " ", figure(target.projected_value, kind), target.projected_status && target.projected_status !== "unknown" ? ` (${say(target.projected_status)})` : "");

function one(target, names) {
  const kind = kindOf(metric(target.metric_id).unit ?? (/_rate$/.test(target.metric_id) ? "rate" : "count"));
  return h("li", { class: "target" },
    h("div", { class: "target-name" }, h("b", {}, title(target, names)), h("span", { class: "sub" }, [target.owner, target.due_on && `${say("due")} ${dayText(target.due_on)}`].filter(Boolean).join(" · "))),
    h("div", { class: "target-bar" }, bullet(target),
      h("p", { class: "target-figures" },
        h("span", {}, h("b", {}, figure(target.actual_value, kind)), h("span", { class: "sub" }, " / "), figure(target.target_value, kind)),
        h("span", { class: "sub" }, say("progress"), " ", figure(target.progress_rate, "rate")),
        finish(target, kind))),
    chip(TONE[target.status] ?? "none", TONE[target.status] ? say(target.status) : (target.status ?? say("no_data"))));
}

function metricRow(row) {
  const kind = kindOf(row.unit);
  return h("tr", { "data-metric": row.metric_id },
    h("th", { scope: "row" }, metricName(row.metric_id)),
    h("td", { class: "num" }, figure(row.value, kind), row.period_start_date && h("span", { class: "sub" }, periodText(row.period_start_date, row.period_grain))),
    h("td", { class: "num" }, row.target_id === null ? "–" : figure(row.target_value, kind), row.due_on && h("span", { class: "sub" }, `${say("due")} ${dayText(row.due_on)}`)),
    h("td", { class: "num" }, row.target_id === null ? "–" : figure(row.progress_rate, "rate")),
    h("td", { class: "num" }, row.target_id === null ? "–" : figure(row.expected_progress_rate, "rate")),
    h("td", { class: "num" }, row.target_id === null ? "–" : figure(row.projected_value, kind)),
    h("td", {}, chip(TONE[row.target_status] ?? "none", say(TONE[row.target_status] ? row.target_status : "no_data"))));
}

/** Every metric of the board with its goal, or without one. */
function metrics(data) {
  const rows = data.tables.kpi_board;
  if (!rows?.length) return card(say("kpi_board"), null, null, nothing(!rows));
  const columns = [["name", say("metric")], ["value", say("last_period")], ["target_value", say("target")], ["progress_rate", say("progress")], ["expected_progress_rate", say("expected")], ["projected_value", say("finish")], ["status", say("status")]];
  const listed = rows.map((row) => ({ ...row, name: metricName(row.metric_id), status: say(TONE[row.target_status] ? row.target_status : "no_data") }));
  return card(say("kpi_board"), null, csvButton(say("kpi_board"), columns, listed),
    scrollTable(say("kpi_board"), columns.map(([key, name]) => [name, key === "name" || key === "status" ? null : "num"]), rows.map(metricRow)));
}

export const targets = (data) => [goals(data), metrics(data)];

function goals(data) {
  const rows = data.tables.targets;
  if (!rows?.length) return h("div", { class: "card" }, nothing(!rows));
  return h("div", { class: "card" }, h("ul", { class: "targets" }, rows.map((target) => one(target, data.tables.target_names))), h("p", { class: "note" }, h("i", { class: "tick-sign", "aria-hidden": "true" }), say("pace_legend")));
}
