// Freshness of every source, what became of every row, why rows wait in quarantine, what was mended, which columns changed.
import { moment } from "./dates.js";
import { h, icon } from "./dom.js";
import { short } from "./numbers.js";
import { bar, card, chip, figure, nothing } from "./pieces.js";
import { sum } from "./series.js";
import { state } from "./state.js";
import { csvButton, scrollTable } from "./table.js";
import { has, named, say, spelled } from "./words.js";

const TONE = { fresh: "good", stale: "warn", failed: "bad", no_data: "none" };

const entityName = (entity) => (has(`entity_${entity}`) ? say(`entity_${entity}`) : spelled(entity));
const sourceName = (data, source) => named((data.tables.freshness ?? []).find((row) => row.source === source), "label") ?? spelled(source);

function kept(data, source) {
  const days = (data.tables.deadlines ?? []).filter((row) => row.source === source && row.deadline_status !== "due");
  return days.length > 0 && h("span", { class: "sub" }, say("deadline_kept", days.filter((row) => row.deadline_status === "met").length, days.length));
}

function sourceRow(data, row) {
  return h("tr", {},
    h("th", { scope: "row" }, h("span", {}, named(row, "label") ?? row.source), kept(data, row.source), row.last_error && h("span", { class: "sub error" }, row.last_error)),
    h("td", {}, chip(TONE[row.freshness_status] ?? "none", TONE[row.freshness_status] ? say(row.freshness_status) : say("no_data"))),
    h("td", { class: "wide-only" }, row.last_load_at ? h("span", { title: moment(row.last_load_at) }, moment(row.last_load_at, null)) : h("span", { class: "none" }, say("never"))),
    h("td", { class: "num" }, figure(row.age_hours, "hours"), row.expected_within_hours !== null && h("span", { class: "sub" }, say("expected_within", short(row.expected_within_hours, "hours")))));
}

export function freshness(data) {
  const rows = data.tables.freshness;
  if (!rows?.length) return card(say("freshness"), null, null, nothing(!rows));
  const heads = [[say("source")], [say("status")], [say("last_load"), "wide-only"], [say("age"), "num"]];
  return card(say("freshness"), null, null, scrollTable(say("freshness"), heads, rows.map((row) => sourceRow(data, row)), "plain"));
}

const FATES = [["current_count", "current"], ["deleted_count", "deleted"], ["duplicate_count", "duplicate"], ["superseded_count", "superseded"], ["quarantined_count", "quarantined"], ["excluded_count", "excluded"], ["waiting_count", "waiting"], ["unexplained_count", "unexplained"]];

function accountingRow(data, row) {
  return h("tr", {},
    h("th", { scope: "row" }, entityName(row.entity), h("span", { class: "sub" }, sourceName(data, row.source))),
    h("td", { class: "num" }, figure(row.reported_count)),
    h("td", { class: "num" }, figure(row.landed_count)),
    FATES.map(([key]) => h("td", { class: `num ${key === "unexplained_count" && row[key] ? "alarm" : ""}` }, figure(row[key]))));
}

export function accounting(data) {
  const rows = data.tables.accounting;
  if (!rows?.length) return card(say("accounting"), null, null, nothing(!rows));
  const unexplained = sum(rows, "unexplained_count");
  const verdict = unexplained === null ? chip("none", say("no_data")) : unexplained === 0 ? chip("good", say("accounted_all")) : chip("bad", say("accounted_not", short(unexplained)));
  const columns = [["source", say("source")], ["entity", say("entity")], ["reported_count", say("reported")], ["landed_count", say("landed")], ...FATES.map(([key, word]) => [key, say(word)])];
  return card(say("accounting"), say("accounting_sub"), csvButton(say("accounting"), columns, rows), h("p", { class: "verdict" }, verdict),
    scrollTable(say("accounting"), [[say("entity")], ...["reported", "landed", ...FATES.map(([, word]) => word)].map((word) => [say(word), "num"])], rows.map((row) => accountingRow(data, row)), "plain"));
}

/** A bar for each kind of thing that befell rows: `name` and `below` say what it was and where. */
function barTable(caption, heading, rows, name, below, tone) {
  const greatest = Math.max(...rows.map((row) => row.row_count));
  return h("table", { class: "bars quarantine" }, h("caption", { class: "sr" }, caption),
    h("thead", { class: "sr" }, h("tr", {}, h("th", { scope: "col" }, heading), h("td", {}), h("th", { scope: "col" }, say("rows")))),
    h("tbody", {}, rows.map((row) => h("tr", {}, h("th", { scope: "row" }, name(row), h("span", { class: "sub" }, below(row))), h("td", { class: "bar-cell" }, bar(row.row_count / greatest, tone)), h("td", { class: "num" }, figure(row.row_count))))));
}

const allWell = (text) => h("p", { class: "nothing" }, icon("check"), text);

export function quarantine(data) {
  const rows = data.tables.quarantine;
  if (!rows) return card(say("quarantine"), null, null, nothing(true));
  if (!rows.length) return card(say("quarantine"), null, null, allWell(say("quarantine_none")));
  const columns = [["source", say("source")], ["entity", say("entity")], ["column_name", say("column")], ["reason", say("reason")], ["row_count", say("rows")]];
  return card(say("quarantine"), null, csvButton(say("quarantine"), columns, rows), barTable(say("quarantine"), say("reason"), rows,
    (row) => (state.language === "zh" && row.reason_zh) || row.reason || row.rule, (row) => `${entityName(row.entity)} · ${sourceName(data, row.source)}`, "lost"));
}

const rate = (rows, part, whole) => {
  const total = sum(rows, whole);
  return total ? short(sum(rows, part) / total, "rate") : say("no_data");
};

export function repairs(data) {
  const rows = data.tables.repairs, dirt = data.tables.dirt;
  if (!rows || !dirt) return card(say("repairs"), null, null, nothing(true));
  const told = dirt.length ? say("repairs_sub", rate(dirt, "dirty_count", "judged_count"), rate(dirt, "doubtful_count", "accepted_count")) : null;
  if (!rows.length) return card(say("repairs"), told, null, allWell(say("repairs_none")));
  const columns = [["source", say("source")], ["entity", say("entity")], ["column_name", say("column")], ["repair_type", say("repair")], ["row_count", say("rows")]];
  return card(say("repairs"), told, csvButton(say("repairs"), columns, rows), barTable(say("repairs"), say("repair"), rows,
    (row) => say(`repair_${row.repair_type}`), (row) => `${entityName(row.entity)} · ${row.column_name} · ${sourceName(data, row.source)}`));
}

function driftRow(data, row) {
  return h("tr", {},
    h("th", { scope: "row" }, row.column_name, h("span", { class: "sub" }, `${row.source_table} · ${sourceName(data, row.source)}`)),
    h("td", {}, say(`drift_${row.drift_type}`), row.found && h("span", { class: "sub" }, row.found)),
    h("td", { class: "num" }, figure(row.file_count), row.refused_count > 0 && h("span", { class: "sub error" }, say("drift_refused"))));
}

export function drift(data) {
  const rows = data.tables.drift;
  if (!rows) return card(say("drift"), null, null, nothing(true));
  if (!rows.length) return card(say("drift"), null, null, allWell(say("drift_none")));
  const columns = [["source", say("source")], ["source_table", say("entity")], ["column_name", say("column")], ["drift_type", say("drift_kind")], ["found", say("reason")], ["file_count", say("files")]];
  return card(say("drift"), null, csvButton(say("drift"), columns, rows), h("table", { class: "plain" }, h("caption", { class: "sr" }, say("drift")),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, say("column")), h("th", { scope: "col" }, say("drift_kind")), h("th", { scope: "col", class: "num" }, say("files")))),
    h("tbody", {}, rows.map((row) => driftRow(data, row)))));
}

export function refusals(data) {
  const rows = data.tables.refusals;
  if (!rows) return card(say("refusals"), null, null, nothing(true));
  if (!rows.length) return card(say("refusals"), null, null, allWell(say("refusals_none")));
  const columns = [["source", say("source")], ["source_table", say("entity")], ["origin", say("file")], ["refusal_status", say("refusal")], ["reason", say("reason")]];
  return card(say("refusals"), null, csvButton(say("refusals"), columns, rows), h("table", { class: "plain" }, h("caption", { class: "sr" }, say("refusals")),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, say("file")), h("th", { scope: "col" }, say("refusal")))),
    h("tbody", {}, rows.map((row) => h("tr", {},
      h("th", { scope: "row" }, row.origin, h("span", { class: "sub" }, `${row.source_table} · ${sourceName(data, row.source)}`), h("span", { class: "sub" }, row.reason)),
      h("td", { class: row.refusal_status === "landed" ? "" : "error" }, say(`refusal_${row.refusal_status}`)))))));
}

export function capture(data) {
  const months = data.tables.capture;
  if (!months) return card(say("capture"), null, null, nothing(true));
  if (!months.length) return card(say("capture"), null, null, h("p", { class: "nothing" }, say("capture_none")));
  const rows = [...new Set(months.map((row) => row.source))].map((source) => {
    const own = months.filter((row) => row.source === source);
    return { source: sourceName(data, source), event_count: sum(own, "event_count"), captured_count: sum(own, "captured_count"), lost_count: sum(own, "lost_count") };
  });
  const judged = sum(months, "captured_count") + sum(months, "lost_count");
  const lost = judged ? short(sum(months, "lost_count") / judged, "rate") : say("no_data");
  const columns = [["source", say("source")], ["event_count", say("events")], ["captured_count", say("captured")], ["lost_count", say("lost_events")]];
  return card(say("capture"), say("capture_sub", lost), csvButton(say("capture"), columns, rows), h("table", { class: "plain" }, h("caption", { class: "sr" }, say("capture")),
    h("thead", {}, h("tr", {}, columns.map(([key, label]) => h("th", { scope: "col", class: key === "source" ? "" : "num" }, label)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, h("th", { scope: "row" }, row.source), ["event_count", "captured_count", "lost_count"].map((key) => h("td", { class: "num" }, figure(row[key]))))))));
}
