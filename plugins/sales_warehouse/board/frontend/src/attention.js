// Incidents: what is wrong, since when, what is behind it, what happened around it and what to do; calm when there are none.
import { dayText, periodText, shortDay } from "./dates.js";
import { h, icon, svg } from "./dom.js";
import { metric, metricName } from "./names.js";
import { changeText, kindOf, short } from "./numbers.js";
import { card, chip, figure, nothing } from "./pieces.js";
import { state } from "./state.js";
import { scrollTable } from "./table.js";
import { named, say } from "./words.js";

const SEVERITIES = ["critical", "warning", "info"];
const TONE = { critical: "bad", warning: "warn", info: "none" };
const ACTION_TONE = { overdue: "bad", open: "warn", done: "good", dropped: "none" };
const CAUSES_SHOWN = 3;
const WIDTH = 480;
const HEIGHT = 96;
const EDGE = 8;
const FOOT = 16; // for the days below

const of = (rows, key) => (rows ?? []).filter((row) => row.incident_key === key);

function severity(row) {
  return chip(TONE[row.severity] ?? "warn", SEVERITIES.includes(row.severity) ? say(row.severity) : (row.severity ?? say("warning")));
}

function status(row) {
  if (row.incident_status === "open") return null;
  const until = row.incident_status === "snoozed" && row.snoozed_until_date ? ` ${say("until_day", shortDay(row.snoozed_until_date))}` : "";
  return chip("none", say(`incident_${row.incident_status}`) + until);
}

/** The metric up to the period that is judged, and what that is compared with as a dashed line. */
function drawing(alert, series) {
  const known = series.filter((point) => point.value !== null);
  if (!alert || known.length < 2) return null;
  const kind = kindOf(metric(alert.metric_id).unit);
  const heights = [...known.map((point) => point.value), ...(alert.compared_value === null ? [] : [alert.compared_value])];
  const low = Math.min(...heights);
  const span = Math.max(...heights) - low || 1;
  const x = (i) => EDGE + (i / (series.length - 1)) * (WIDTH - 2 * EDGE);
  const y = (value) => HEIGHT - FOOT - EDGE - ((value - low) / span) * (HEIGHT - FOOT - 2 * EDGE);
  let path = "";
  series.forEach((point, i) => {
    if (point.value !== null) path += `${path && series[i - 1]?.value !== null ? "L" : "M"}${x(i).toFixed(1)} ${y(point.value).toFixed(1)}`;
  });
  const last = series.length - 1;
  const words = say("spark", periodText(series[0].start, alert.period_grain), periodText(series[last].start, alert.period_grain), short(series[0].value, kind) ?? say("no_data"), short(series[last].value, kind) ?? say("no_data"));
  return h("figure", { class: "incident-chart" },
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${metricName(alert.metric_id)}: ${words}` },
      alert.compared_value !== null && svg("line", { x1: EDGE, x2: WIDTH - EDGE, y1: y(alert.compared_value).toFixed(1), y2: y(alert.compared_value).toFixed(1), class: "compared" }),
      svg("path", { d: path, class: "spark-line" }),
      series[last].value !== null && svg("circle", { cx: x(last).toFixed(1), cy: y(series[last].value).toFixed(1), r: 4, class: "judged" }),
      svg("text", { x: EDGE, y: HEIGHT - 2 }, shortDay(series[0].start)),
      svg("text", { x: WIDTH - EDGE, y: HEIGHT - 2, "text-anchor": "end" }, shortDay(series[last].start))),
    h("figcaption", { class: "sub" }, metricName(alert.metric_id), ": ", figure(alert.value, kind),
      alert.compared_value !== null && [` · ${say("compared_with")} `, figure(alert.compared_value, kind)]));
}

function listed(title, items) {
  return items.length > 0 && h("div", { class: "behind" }, h("h4", {}, say(title)), h("ul", {}, items.map((item) => h("li", {}, item))));
}

/** The largest cells; where none stands out, or none can be looked for, what is said of that. */
function causes(rows) {
  const cells = rows.filter((row) => !row.is_residual).slice(0, CAUSES_SHOWN);
  return listed("causes", (cells.length ? cells : rows).map((row) => named(row, "text")));
}

const around = (rows) => listed("around", rows.map((row) =>
  [named(row, "text"), row.placebo_score !== null && h("span", { class: "sub", title: say("placebo_hint") }, ` ${say("placebo", short(row.placebo_score, "rate"))}`)]));

/** What it did before, with its interval. */
function effect(row) {
  if (row.effect_value === null) return null;
  const kind = row.effect_type === "points" ? "rate" : undefined;
  const between = row.lower_value === null ? "" : ` (${changeText(row.lower_value, kind)} – ${changeText(row.upper_value, kind)})`;
  return changeText(row.effect_value, kind) + between;
}

function playbook(row, place) {
  const steps = (named(row, "steps") ?? "").split("\n").map((step) => step.trim()).filter(Boolean);
  return h("details", { class: "playbook", open: place === 0 },
    h("summary", {}, h("b", {}, place === 0 ? say("playbook") : say("playbook_else")), " ", named(row, "playbook_name") ?? row.playbook_id, row.department && h("span", { class: "sub" }, ` · ${row.department}`)),
    h("p", { class: "sub" }, named(row, "reason"), " ", row.measured_count ? say("effect_before", effect(row), row.measured_count, row.use_count) : say("effect_none")),
    h("ol", {}, steps.map((step) => h("li", {}, step))));
}

function history(rows) {
  const why = (row) => [row.event_type === "opened" && row.is_late && say("found_late"), row.changed_by && say(`changed_by_${row.changed_by}`)].filter(Boolean);
  const told = (row) => [say(`event_${row.event_type}`), why(row).map((reason) => `: ${reason}`), row.period_start_date && ` · ${shortDay(row.period_start_date)} – ${shortDay(row.period_end_date)}`];
  return rows.length > 0 && h("details", { class: "playbook" }, h("summary", {}, say("history")),
    h("ul", {}, rows.map((row) => h("li", {}, row.event_date && `${dayText(row.event_date)}: `, told(row)))));
}

function incident(row, tables) {
  const alert = of(tables.alert_metrics, row.alert_key)[0];
  return h("article", { class: `alert ${TONE[row.severity] ?? "warn"}`, "data-incident": row.incident_key },
    h("header", {}, h("div", { class: "chips" }, severity(row), row.is_late && chip("none", say("found_late")), status(row)), h("h3", {}, named(row, "title") ?? row.incident_key)),
    h("p", { class: "why" }, named(row, "reason") ?? ""),
    drawing(alert, of(tables.alert_series, row.alert_key)),
    causes(of(tables.alert_causes, row.alert_key)),
    around(of(tables.alert_events, row.alert_key)),
    h("div", { class: "facts" },
      row.owner && h("p", { class: "fact" }, h("b", {}, say("owner")), row.owner),
      row.opened_date && h("p", { class: "fact" }, h("b", {}, say("open_since")), dayText(row.opened_date)),
      row.subject_count > 1 && h("p", { class: "fact" }, h("b", {}, say("alerts_in_it")), String(row.subject_count))),
    of(tables.alert_playbooks, row.alert_key).map(playbook),
    history(of(tables.incident_events, row.incident_key)));
}

function actions(rows) {
  if (!rows?.length) return null;
  const line = (row) => h("tr", {},
    h("th", { scope: "row" }, named(row, "playbook_name") ?? row.playbook_id),
    h("td", {}, chip(ACTION_TONE[row.action_status] ?? "none", say(`action_${row.action_status}`))),
    h("td", {}, row.department), h("td", {}, row.owner ?? ""),
    h("td", {}, row.due_date ? dayText(row.due_date) : ""),
    h("td", {}, effect(row) ?? named(row, "outcome_reason") ?? say(`outcome_${row.outcome_status}`)));
  const columns = ["action", "status", "department", "owner", "due", "outcome"];
  return card(say("actions"), null, null, scrollTable(say("actions"), columns.map((name) => [say(name)]), rows.map(line)));
}

/** Rules with a mistake, which nobody is warned by: a quiet night is no news of them. */
function leftOut(rows) {
  if (!rows?.length) return null;
  const line = (row) => h("li", { "data-left-out": row.rule_id ?? String(row.rule_number) },
    h("b", {}, named(row, "name") ?? row.rule_id ?? say("rule_n", row.rule_number)),
    h("span", { class: "sub" }, " ", [row.line_number && say("line_n", row.line_number), row.owner].filter(Boolean).join(" · ")),
    h("br", {}), [row.part, (state.language === "zh" && row.mistake_zh) || row.mistake].filter(Boolean).join(": "));
  return card(say("left_out", rows.length), say("left_out_text"), chip("warn", say("not_judged")), h("ul", { class: "left-out" }, rows.map(line)));
}

/** What each rule would have opened in its history, so that a noisy one is seen. */
function rules(rows) {
  if (!rows?.length) return null;
  const line = (row) => h("tr", { "data-rule": row.rule_id },
    h("th", { scope: "row" }, named(row, "name") ?? row.rule_id),
    h("td", {}, say(`rule_${row.rule_state}`)),
    h("td", { class: "num" }, figure(row.judged_count, "count")),
    h("td", { class: "num" }, figure(row.alert_count, "count")),
    h("td", {}, row.last_alert_date ? dayText(row.last_alert_date) : "–"));
  const columns = [["rule"], ["status"], ["rule_judged", "num"], ["rule_alerts", "num"], ["rule_last"]];
  return h("details", { class: "card rules" },
    h("summary", {}, h("b", {}, say("rules")), " ", h("span", { class: "sub" }, say("rules_sub"))),
    scrollTable(say("rules"), columns.map(([name, tone]) => [say(name), tone]), rows.map(line)));
}

export function attention(data) {
  const { tables } = data;
  if (!tables.incidents) return h("div", { class: "card" }, nothing(true));
  const calm = () => h("div", { class: "card calm" }, h("span", { class: "calm-sign" }, icon("check")), h("div", {}, h("h3", {}, say("quiet_title")), h("p", { class: "sub" }, say("quiet_text"))));
  const more = (tables.incident_count?.[0]?.standing_count ?? 0) - tables.incidents.length;
  return [
    tables.incidents.length ? h("div", { class: "alerts" }, tables.incidents.map((row) => incident(row, tables))) : !tables.left_out_rules?.length && calm(),
    more > 0 && h("p", { class: "note" }, say("more_incidents", more)),
    leftOut(tables.left_out_rules),
    actions(tables.actions),
    rules(tables.alert_rules),
  ];
}
