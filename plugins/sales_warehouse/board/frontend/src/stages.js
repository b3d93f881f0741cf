// How long deals stay in each stage, and how many are lost there, in the last complete month.
import { addMonths, monthText } from "./dates.js";
import { h } from "./dom.js";
import { stageName } from "./names.js";
import { short } from "./numbers.js";
import { bar, card, delta, figure, nothing } from "./pieces.js";
import { csvButton } from "./table.js";
import { say } from "./words.js";

const METRICS = ["stage_dwell_days", "stage_loss_rate"];

function stageOrder(data) {
  const order = new Map((data.tables.stage_orders ?? []).map((row) => [row.stage, row.stage_order]));
  return (stage) => order.get(stage) ?? Infinity;
}

function stagesOf(data, month) {
  const all = (data.tables.kpi_stages ?? []).filter((row) => METRICS.includes(row.metric_id) && row.value !== null);
  const at = (metricId, stage, start) => all.find((row) => row.metric_id === metricId && row.stage === stage && row.start === start);
  const order = stageOrder(data);
  const names = [...new Set(all.map((row) => row.stage))];
  return names.toSorted((a, b) => order(a) - order(b) || (a < b ? -1 : 1)).map((stage) => {
    const [dwell, loss] = METRICS.map((id) => at(id, stage, month));
    const [dwellBefore, lossBefore] = METRICS.map((id) => at(id, stage, addMonths(month, -1)));
    return { stage, name: stageName(stage), dwell, loss, dwellBefore, lossBefore, days: dwell?.value ?? null, rate: loss?.value ?? null };
  });
}

function half(row, before, greatest, kind, tone) {
  return h("td", {}, h("div", { class: "stage-half" }, bar((row?.value ?? 0) / greatest, tone),
    h("span", { class: "stage-figure" }, figure(row?.value ?? null, kind), " ", before && row && delta(row.value, before.value, kind, -1))),
    row?.denominator > 0 && h("span", { class: "sub" }, kind === "rate" ? say("of_stage_loss_rate", short(row.numerator), short(row.denominator)) : say("deals", short(row.denominator))));
}

export function stages(data) {
  const month = addMonths(data.business_date, -1);
  const rows = stagesOf(data, month);
  if (!rows.length) return card(say("stages"), null, null, nothing(!data.tables.kpi_stages));
  const longest = Math.max(...rows.map((row) => row.days ?? 0)) || 1;
  const heaviest = Math.max(...rows.map((row) => row.rate ?? 0)) || 1;
  return card(say("stages"), `${monthText(month)} · ${say("vs", monthText(addMonths(month, -1)))}`, csvButton(say("stages"), [["name", say("stage")], ["days", say("dwell")], ["rate", say("stage_loss")]], rows),
    h("table", { class: "bars stages" }, h("caption", { class: "sr" }, say("stages")),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, say("stage")), h("th", { scope: "col" }, say("dwell")), h("th", { scope: "col" }, say("stage_loss")))),
      h("tbody", {}, rows.map((row) => h("tr", {}, h("th", { scope: "row" }, row.name), half(row.dwell, row.dwellBefore, longest, "days", ""), half(row.loss, row.lossBefore, heaviest, "rate", "lost"))))));
}
