// Alerts with what is behind them and what to do; calm when there are none.
import { dayText, shortDay } from "./dates.js";
import { h, icon } from "./dom.js";
import { memberName } from "./names.js";
import { changeText, short } from "./numbers.js";
import { chip, figure, nothing } from "./pieces.js";
import { named, say } from "./words.js";

const SEVERITIES = ["critical", "warning", "info"];
const TONE = { critical: "bad", high: "bad", error: "bad", warning: "warn", medium: "warn" };

function severity(alert) {
  return chip(TONE[alert.severity] ?? "warn", SEVERITIES.includes(alert.severity) ? say(alert.severity) : (alert.severity ?? say("warning")));
}

function playbook(alert, playbooks) {
  const book = (playbooks ?? []).find((one) => one.playbook_id === alert.playbook_id);
  if (!book) return alert.playbook_id && h("p", { class: "fact" }, h("b", {}, say("playbook")), alert.playbook_id);
  const steps = (named(book, "steps") ?? "").split("\n").map((step) => step.replace(/^\s*(\d+[.)、]|[-•*])\s*/, "").trim()).filter(Boolean);
  return h("details", { class: "playbook" },
    h("summary", {}, h("b", {}, say("playbook")), " ", named(book, "name") ?? book.playbook_id, book.department && h("span", { class: "sub" }, ` · ${book.department}`)),
    h("ol", {}, steps.map((step) => h("li", {}, step))));
}

function topPart(alert) {
  if (!alert.top_dimension || alert.top_value === null) return null;
  return h("p", { class: "fact" }, h("b", {}, say("top_part")), memberName(alert.top_dimension, alert.top_value), " ", figure(alert.top_contribution_amount, "money"));
}

function incident(alert, playbooks) {
  const region = named(alert, "region_name") ?? memberName("region", alert.region_key);
  return h("article", { class: `alert ${TONE[alert.severity] ?? "warn"}` },
    h("header", {}, severity(alert), h("h3", {}, say("fall_title", region, alert.change_rate === null ? say("no_data") : changeText(alert.change_rate)))),
    h("p", { class: "why" }, named(alert, "reason") ?? ""),
    h("p", { class: "sub" }, say("fall_amounts", short(alert.current_amount, "money") ?? say("no_data"), short(alert.previous_amount, "money") ?? say("no_data"), shortDay(alert.week_start_date), dayText(alert.week_end_date)),
      alert.threshold_rate !== null && ` · ${say("threshold", changeText(-Math.abs(alert.threshold_rate)))}`),
    h("div", { class: "facts" }, topPart(alert), alert.owner && h("p", { class: "fact" }, h("b", {}, say("owner")), alert.owner)),
    playbook(alert, playbooks));
}

export function attention(data) {
  const { alerts, playbooks } = data.tables;
  if (!alerts) return h("div", { class: "card" }, nothing(true));
  if (!alerts.length) {
    return h("div", { class: "card calm" }, h("span", { class: "calm-sign" }, icon("check")), h("div", {}, h("h3", {}, say("quiet_title")), h("p", { class: "sub" }, say("quiet_text"))));
  }
  return h("div", { class: "alerts" }, alerts.map((alert) => incident(alert, playbooks)));
}
