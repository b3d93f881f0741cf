// The one place that knows ECharts: what is drawn with, how it looks, when it is resized and thrown away.
import { BarChart, LineChart, ScatterChart } from "echarts/charts";
import { DataZoomSliderComponent, GridComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { h } from "./dom.js";
import { colours } from "./theme.js";

use([BarChart, LineChart, ScatterChart, GridComponent, TooltipComponent, DataZoomSliderComponent, SVGRenderer]);

export const FONT = '-apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif';
const alive = new Map();

const resized = new ResizeObserver((entries) => entries.forEach(({ target }) => fit(target)));

function fit(element) {
  const chart = alive.get(element);
  if (!chart || chart.getWidth() === element.clientWidth) return;
  chart.resize();
  chart.setOption({ series: chart.seriesFor(element.clientWidth) });
}

function sweep() {
  for (const [element, chart] of alive) {
    if (element.isConnected) continue;
    resized.unobserve(element);
    chart.dispose();
    alive.delete(element);
  }
}

/**
 * Draws `option` into `element`, which must be in the page. The chart is disposed of once its element has left it.
 * `series` may depend on the width in pixels, and is then a function of it.
 */
export function draw(element, { series, ...option }) {
  sweep();
  const chart = init(element, null, { renderer: "svg" });
  chart.seriesFor = typeof series === "function" ? series : () => series;
  chart.setOption({ animation: false, textStyle: { fontFamily: FONT }, ...option, series: chart.seriesFor(element.clientWidth) });
  element.querySelector("svg")?.setAttribute("aria-hidden", "true"); // the figure's label and its table say it in words
  alive.set(element, chart);
  resized.observe(element);
  return chart;
}

export const resizeAll = () => alive.forEach((_, element) => fit(element));

export function axes(paint = colours()) {
  const label = { color: paint.soft, fontSize: 12 };
  return {
    x: { axisLine: { lineStyle: { color: paint.line } }, axisTick: { show: false }, axisLabel: { ...label, hideOverlap: true, margin: 10 } },
    y: { axisLine: { show: false }, axisTick: { show: false }, axisLabel: label, splitLine: { lineStyle: { color: paint.line, width: 1 } }, splitNumber: 4 },
  };
}

/** A tooltip whose content is made of elements, never of text read as markup. `lines` gives [mark, name, value] triples. */
export function tooltip(title, lines, paint = colours()) {
  return {
    trigger: "axis",
    appendTo: () => document.body,
    confine: true,
    backgroundColor: paint.surface,
    borderColor: paint.line,
    padding: 0,
    axisPointer: { type: "shadow", shadowStyle: { color: paint.quiet, opacity: 0.5 } },
    formatter: (marks) => {
      const index = marks[0].dataIndex;
      const rows = lines(index).map(([mark, name, value]) => h("div", { class: "tip-row" }, h("i", { class: `mark ${mark}` }), h("span", {}, name), h("b", {}, value)));
      return h("div", { class: "tip" }, h("div", { class: "tip-title" }, title(index)), rows);
    },
  };
}
