// Net sales over time, by day, week or month, for one region or all.
import { axes, draw, tooltip } from "./chart.js";
import { addDays, dayText, monthOnly, monthText, periodEnd, shortDay, weekdayText, yearOf } from "./dates.js";
import { h } from "./dom.js";
import { axisMoney, exact, short } from "./numbers.js";
import { card, nothing, segmented } from "./pieces.js";
import { salesSeries } from "./series.js";
import { state } from "./state.js";
import { chartBox, withTable } from "./table.js";
import { colours } from "./theme.js";
import { regionName } from "./names.js";
import { say } from "./words.js";

const WINDOW = { day: 62, week: 53, month: 60 };

const TITLE = { day: weekdayText, week: (start) => `${shortDay(start)} – ${dayText(addDays(start, 6))}`, month: monthText };

function axisLabel(grain, series) {
  return (value, i) => {
    const start = series[i]?.start ?? value;
    if (grain !== "month") return shortDay(start);
    return i === 0 || start.slice(5, 7) === "01" ? `${monthOnly(start)}\n${yearOf(start)}` : monthOnly(start);
  };
}

function zoom(series, grain, paint) {
  if (series.length <= WINDOW[grain]) return [];
  return [{
    type: "slider", startValue: series.length - WINDOW[grain], endValue: series.length - 1, height: 18, bottom: 4, left: 8, right: 8,
    brushSelect: false, showDetail: false, borderColor: "transparent", backgroundColor: paint.quiet, fillerColor: `${paint.accent}33`,
    dataBackground: { lineStyle: { opacity: 0 }, areaStyle: { color: paint.faint, opacity: 0.35 } },
    selectedDataBackground: { lineStyle: { opacity: 0 }, areaStyle: { color: paint.accent, opacity: 0.45 } },
    handleSize: "120%", handleStyle: { color: paint.surface, borderColor: paint.accent }, moveHandleSize: 0,
  }];
}

/** As wide as its bar: what the axis leaves, shared by the periods in view. */
const tickWidth = (width, count) => Math.max(4, Math.min(24, ((width - 60) / count) * 0.68));

function option(data, series, grain) {
  const paint = colours();
  const { x, y } = axes(paint);
  const partial = (point) => !point.isWhole || periodEnd(point.start, grain) > data.business_date;
  const tone = (point) => (yearOf(point.start) === yearOf(data.business_date) ? paint.accent : paint["accent-2"]);
  const zoomed = zoom(series, grain, paint);
  const fill = (point) => (partial(point) ? { color: `${tone(point)}40`, borderColor: tone(point), borderWidth: 1, borderType: "dashed" } : { color: tone(point) });
  return {
    grid: { left: 4, right: 4, top: 12, bottom: zoomed.length ? 30 : 2, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: { ...x, type: "category", data: series.map((point) => point.start), axisLabel: { ...x.axisLabel, formatter: axisLabel(grain, series), lineHeight: 16 } },
    yAxis: { ...y, type: "value", axisLabel: { ...y.axisLabel, formatter: axisMoney } },
    dataZoom: zoomed,
    tooltip: tooltip((i) => TITLE[grain](series[i].start) + (partial(series[i]) ? ` · ${say("incomplete")}` : ""), (i) => [
      ["accent", say("this_period"), exact(series[i].amount, "money") ?? say("no_data")],
      ["year", say("year_before"), exact(series[i].yearBefore, "money") ?? say("no_data")],
    ], paint),
    series: (width) => [
      { type: "bar", data: series.map((point) => ({ value: point.amount, itemStyle: { ...fill(point), borderRadius: point.amount < 0 ? [0, 0, 2, 2] : [2, 2, 0, 0] } })), barMaxWidth: 34, barCategoryGap: grain === "day" ? "25%" : "32%" },
      grain === "day" ? null : { type: "scatter", symbol: "rect", symbolSize: [tickWidth(width, Math.min(series.length, WINDOW[grain])), 4], data: series.map((point) => point.yearBefore), itemStyle: { color: paint.ink, borderColor: paint.surface, borderWidth: 1 }, silent: true, z: 5 },
    ].filter(Boolean),
  };
}

export function trend(data) {
  const series = salesSeries(data.tables, state.grain, state.region);
  const grains = segmented("grain", say("trend"), [["day", say("day")], ["week", say("week")], ["month", say("month")]]);
  const where = state.region ? regionName(state.region) : say("all_regions");
  if (!series.length) return card(say("trend"), null, null, nothing(!data.tables.sales_times));
  const rows = series.map((point) => ({ ...point, period: TITLE[state.grain](point.start) })).reverse();
  const columns = [["period", say("period")], ["amount", say("this_period"), "money"], ["yearBefore", say("year_before"), "money"]];
  const last = series.at(-1);
  const summary = `${where}. ${TITLE[state.grain](last.start)}: ${short(last.amount, "money") ?? say("no_data")}`;
  const chart = chartBox(`${say("trend")}. ${summary}`, (element) => draw(element, option(data, series, state.grain)));
  const { body, tools } = withTable(say("trend"), chart, columns, rows);
  const legend = state.grain === "day" ? null : h("p", { class: "legend" }, h("span", {}, h("i", { class: "mark accent" }), say("sales_of", yearOf(data.business_date))), h("span", {}, h("i", { class: "mark earlier" }), say("earlier_years")), h("span", {}, h("i", { class: "mark year" }), say("year_before")), h("span", {}, h("i", { class: "mark partial" }), say("incomplete")));
  return card(say("trend"), `${where} · ${say("trend_sub")}`, [grains, tools], legend, body);
}
