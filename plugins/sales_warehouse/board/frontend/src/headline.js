// The row of figures that a board asks for first. Each shows what it is made of and where it comes from.
import { axes, draw, tooltip } from "./chart.js";
import { addDays, addMonths, daysBetween, monthStart, monthText, periodEnd, periodText, shortMonth } from "./dates.js";
import { h } from "./dom.js";
import { goodDirection, metric, metricName, stageName } from "./names.js";
import { exact, kindOf, short } from "./numbers.js";
import { delta, figure } from "./pieces.js";
import { metricSeries } from "./series.js";
import { spark } from "./spark.js";
import { colours } from "./theme.js";
import { has, say } from "./words.js";

const SPARK_POINTS = 13;
const FEW = 10; // a stage with fewer decided deals says little; it is named only when no other has more

function box(label, value, ...rest) {
  return h("article", { class: "kpi" }, h("h3", {}, label), h("p", { class: "kpi-value" }, value), rest);
}

const against = (mark, text) => h("p", { class: "kpi-delta" }, mark, h("span", {}, text));

function parts(metricId, row, kind) {
  if (row?.numerator === null || row?.denominator === null || row?.denominator === undefined) return null;
  const key = has(`of_${metricId}`) ? `of_${metricId}` : "of";
  return h("p", { class: "kpi-parts" }, say(key, short(row.numerator, kind === "money" ? "money" : "count"), short(row.denominator)));
}

function line(rows, grain, kind) {
  const last = rows.slice(-SPARK_POINTS);
  if (last.length < 2) return null;
  const [first, end] = [last[0], last.at(-1)];
  const label = say("spark", periodText(first.start, grain), periodText(end.start, grain), short(first.value, kind) ?? say("no_data"), short(end.value, kind) ?? say("no_data"));
  return spark(last.map((row) => row.value), label);
}

/** The last period that is over and can no longer change much, else the last one that is over. */
function latest(rows, grain, businessDate) {
  const over = rows.filter((row) => periodEnd(row.start, grain) <= businessDate && row.value !== null);
  return over.findLast((row) => row.is_matured !== false) ?? over.at(-1);
}

const before = (start, grain) => (grain === "month" ? addMonths(start, -1) : grain === "quarter" ? addMonths(start, -3) : addDays(start, -7));
const yearBefore = (start, grain) => (grain === "week" ? addDays(start, -364) : addMonths(start, -12));

function metricCard(data, metricId, label) {
  const { grain, rows } = metricSeries(data.tables, metricId);
  const row = latest(rows, grain, data.business_date);
  const kind = kindOf(metric(metricId).unit ?? "rate");
  if (!row) return box(label ?? metricName(metricId), figure(null));
  const at = (start) => rows.find((other) => other.start === start);
  const direction = goodDirection(metricId);
  const previous = at(before(row.start, grain));
  const year = at(yearBefore(row.start, grain));
  return box(label ?? metricName(metricId), figure(row.value, kind),
    h("p", { class: "kpi-period" }, periodText(row.start, grain), row.is_matured === false && ` · ${say("not_matured")}`),
    previous && against(delta(row.value, previous.value, kind, direction), say("vs", periodText(previous.start, grain))),
    year && against(delta(row.value, year.value, kind, direction), say("vs_year")),
    h("div", { class: "kpi-foot" }, parts(metricId, row, kind), line(rows.filter((r) => r.start <= row.start), grain, kind)));
}

function lastMonthCard(data) {
  const start = addMonths(data.business_date, -1);
  const rows = metricSeries(data.tables, "net_sales", ["month"]).rows;
  const at = (month) => rows.find((row) => row.start === month);
  const row = at(start);
  const label = say("card_month", monthText(start));
  if (!row) return box(label, figure(null));
  const [previous, year] = [at(addMonths(start, -1)), at(addMonths(start, -12))];
  return box(label, figure(row.value, "money", { "data-figure": "net_sales_last_month" }),
    data.covers(addMonths(start, -1)) && previous && against(delta(row.value, previous.value, "money", 1), say("vs", monthText(previous.start))),
    data.covers(addMonths(start, -12)) && year && against(delta(row.value, year.value, "money", 1), say("vs", monthText(year.start))),
    h("div", { class: "kpi-foot" }, h("span", {}), line(rows.filter((r) => r.start <= start && data.covers(r.start)), "month", "money")));
}

function worstStageCard(data) {
  const month = addMonths(data.business_date, -1);
  const rows = (data.tables.kpi_stages ?? []).filter((row) => row.metric_id === "stage_loss_rate" && row.value !== null);
  const of = rows.filter((row) => row.start === month);
  const enough = of.filter((row) => row.denominator >= FEW);
  const worst = (enough.length ? enough : of).toSorted((a, b) => b.value - a.value)[0];
  if (!worst) return box(say("card_worst_none"), figure(null));
  const same = rows.filter((row) => row.stage === worst.stage && row.start <= month);
  const previous = same.find((row) => row.start === addMonths(month, -1));
  return box(say("card_worst", stageName(worst.stage)), figure(worst.value, "rate"),
    h("p", { class: "kpi-period" }, monthText(month)),
    previous && against(delta(worst.value, previous.value, "rate", -1), say("vs", monthText(previous.start))),
    h("div", { class: "kpi-foot" }, parts("stage_loss_rate", worst, "rate"), line(same, "month", "rate")));
}

function pipelineCard(data) {
  const open = data.tables.open_pipeline?.[0];
  if (!open?.opportunity_count) return box(say("card_pipeline"), figure(null));
  return box(say("card_pipeline"), figure(open.amount, "money", { "data-figure": "open_pipeline" }),
    h("p", { class: "kpi-period" }, say("open_deals", short(open.opportunity_count))));
}

function running(tables, from, to) {
  const amounts = new Map((tables.sales_times ?? []).filter((row) => row.grain === "day" && row.region_key === "").map((row) => [row.start, row.amount]));
  let total = 0;
  return Array.from({ length: daysBetween(from, to) + 1 }, (_, i) => (total += amounts.get(addDays(from, i)) ?? 0));
}

function paceChart(data, element) {
  const paint = colours();
  const [month, last] = [monthStart(data.business_date), addMonths(data.business_date, -1)];
  const now = running(data.tables, month, data.business_date);
  const then = data.covers(last) ? running(data.tables, last, addDays(month, -1)) : [];
  const { x, y } = axes(paint);
  const length = Math.max(then.length, now.length, 28);
  draw(element, {
    grid: { left: 0, right: 6, top: 8, bottom: 22 },
    xAxis: { ...x, type: "category", boundaryGap: false, data: Array.from({ length }, (_, i) => i + 1), axisLabel: { ...x.axisLabel, interval: (i) => [0, 6, 13, 20, 27].includes(i), margin: 8 } },
    yAxis: { ...y, axisLabel: { show: false }, splitLine: { show: false } },
    tooltip: { ...tooltip((i) => say("day_n", i + 1), (i) => [
      ["accent", shortMonth(month), exact(now[i], "money") ?? say("no_data")],
      ["before", shortMonth(last), exact(then[i], "money") ?? say("no_data")],
    ], paint), axisPointer: { type: "line", lineStyle: { color: paint.faint } } },
    series: [
      { type: "line", data: then, symbol: "none", lineStyle: { color: paint.faint, width: 1.5, type: [4, 3] } },
      { type: "line", data: now, symbol: "none", lineStyle: { color: paint.accent, width: 2.5 }, areaStyle: { color: paint.accent, opacity: 0.1 } },
    ],
  });
}

function monthToDateCard(data) {
  const month = monthStart(data.business_date);
  const label = say("card_mtd", monthText(month));
  const total = (data.tables.sales_spans ?? []).find((row) => row.period === "mtd" && row.dimension === "total" && row.region_key === "");
  const registry = (data.tables.kpis ?? []).find((row) => row.metric_id === "net_sales" && row.grain === "month" && row.start === month);
  const value = registry?.value ?? total?.current_amount;
  if (value === null || value === undefined) return h("article", { class: "kpi hero" }, h("h3", {}, label), h("p", { class: "kpi-value" }, figure(null)));
  const chart = h("div", { class: "pace", role: "img", "aria-label": say("pace_label") });
  if (total) queueMicrotask(() => paceChart(data, chart));
  const last = addMonths(month, -1);
  return h("article", { class: "kpi hero" },
    h("div", {}, h("h3", {}, label),
      h("p", { class: "kpi-value" }, figure(value, "money", { "data-figure": "net_sales_mtd" })),
      data.comparable("mtd", "previous") && against(delta(total?.current_amount, total?.previous_amount, "money", 1), say("vs_days", monthText(last))),
      data.comparable("mtd", "year") && against(delta(total?.current_amount, total?.year_amount, "money", 1), say("vs_days", monthText(addMonths(month, -12)))),
      h("p", { class: "legend" }, h("span", {}, h("i", { class: "mark accent" }), say("pace_this", shortMonth(month))), data.covers(last) && h("span", {}, h("i", { class: "mark before" }), shortMonth(last)))),
    total && chart);
}

export function headline(data) {
  return h("div", { class: "kpis" },
    monthToDateCard(data),
    lastMonthCard(data),
    pipelineCard(data),
    metricCard(data, "win_rate"),
    metricCard(data, "lead_conversion_rate"),
    worstStageCard(data),
    metricCard(data, "entry_within_24h_rate"));
}
