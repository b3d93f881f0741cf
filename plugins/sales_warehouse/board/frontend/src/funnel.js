// From lead to cash: what entered a step, and what became of it. went on + still open + lost = entered.
import { monthText } from "./dates.js";
import { h } from "./dom.js";
import { stageName } from "./names.js";
import { short } from "./numbers.js";
import { card, dropdown, figure, nothing } from "./pieces.js";
import { sum } from "./series.js";
import { state } from "./state.js";
import { csvButton } from "./table.js";
import { say } from "./words.js";

const COHORTS = 12;

function cohortMonths(rows) {
  const months = [...Map.groupBy(rows, (row) => row.cohort_month)];
  const matured = months.filter(([, steps]) => steps.every((row) => row.is_matured)).map(([month]) => month);
  return { all: months.map(([month]) => month), matured: matured.slice(-COHORTS) };
}

function chosenMonths({ all, matured }) {
  if (all.includes(state.cohort)) return [state.cohort];
  return matured.length ? matured : all;
}

function steps(rows, months) {
  const groups = Map.groupBy(rows.filter((row) => months.includes(row.cohort_month)), (row) => row.step_order);
  return [...groups].toSorted(([a], [b]) => a - b).map(([order, group]) => {
    const [entered, advanced, lost, open] = ["entered_count", "advanced_count", "lost_count", "open_count"].map((key) => sum(group, key));
    return { order, step: group[0].step, name: stageName(group[0].step), entered, advanced, lost, open, loss: advanced + lost > 0 ? lost / (advanced + lost) : null };
  });
}

function stepRow(row, widest, worst, isLast) {
  const width = (count) => ({ "--part": `${widest ? ((count ?? 0) / widest) * 100 : 0}%` });
  const words = `${row.name}. ${say("entered")} ${short(row.entered) ?? say("no_data")}, ${say("advanced")} ${short(row.advanced) ?? say("no_data")}, ${say("open")} ${short(row.open) ?? say("no_data")}, ${say("lost")} ${short(row.lost) ?? say("no_data")}`;
  return h("tr", { class: row === worst ? "worst" : null },
    h("th", { scope: "row" }, row.name),
    h("td", { class: "flow-cell" }, h("span", { class: "flow", role: "img", "aria-label": words, title: words },
      h("i", { class: "advanced", style: width(row.advanced) }), h("i", { class: "open", style: width(row.open) }), h("i", { class: "lost", style: width(row.lost) }))),
    h("td", { class: "num" }, figure(row.entered)),
    h("td", { class: "num wide-only" }, figure(row.open)),
    h("td", { class: "num wide-only" }, figure(row.lost)),
    h("td", { class: "num loss" }, isLast && !row.lost && !row.open ? "–" : figure(row.loss, "rate")));
}

function note(cohorts) {
  if (cohorts.all.includes(state.cohort)) return cohorts.matured.includes(state.cohort) ? null : say("cohort_open");
  return cohorts.matured.length ? null : say("cohort_none");
}

export function funnel(data) {
  const rows = data.tables.funnel;
  if (!rows?.length) return card(say("funnel"), null, null, nothing(!rows));
  const cohorts = cohortMonths(rows);
  const list = steps(rows, chosenMonths(cohorts));
  const widest = Math.max(...list.map((row) => row.entered ?? 0));
  const worst = list.filter((row) => row.loss !== null).toSorted((a, b) => b.loss - a.loss)[0];
  const [first, last] = [list[0], list.at(-1)];
  const options = [["", cohorts.matured.length ? say("cohorts_matured") : say("cohorts_all")], ...cohorts.all.toReversed().map((month) => [month, monthText(month)])];
  const columns = [["name", say("step")], ["entered", say("entered")], ["advanced", say("advanced")], ["open", say("open")], ["lost", say("lost")], ["loss", say("loss_rate")]];
  const whole = first.entered > 0 && list.length > 1 ? say("end_to_end", short(last.entered / first.entered, "rate"), first.name, last.name) : null;
  return card(say("funnel"), say("funnel_sub"), [dropdown("cohort", say("cohort"), options), csvButton(say("funnel"), columns, list)],
    h("p", { class: "legend" }, ["advanced", "open", "lost"].map((key) => h("span", {}, h("i", { class: `mark ${key}` }), say(key)))),
    h("table", { class: "bars funnel" }, h("caption", { class: "sr" }, say("funnel")),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span", { class: "sr" }, say("step"))), h("td", {}), h("th", { scope: "col", class: "num" }, say("entered")), h("th", { scope: "col", class: "num wide-only" }, say("open")), h("th", { scope: "col", class: "num wide-only" }, say("lost")), h("th", { scope: "col", class: "num", title: say("loss_of_resolved") }, say("loss_rate")))),
      h("tbody", {}, list.map((row, i) => stepRow(row, widest, worst, i === list.length - 1)))),
    h("p", { class: "note" }, [whole, note(cohorts)].filter(Boolean).join(" · ")));
}
