// Alerts with what is behind them and what to do; calm when there are none.
import { dayText, shortDay } from "./dates.js";
import { h, icon } from "./dom.js";
import { chip, nothing } from "./pieces.js";
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

function incident(alert, playbooks) {
  return h("article", { class: `alert ${TONE[alert.severity] ?? "warn"}` },
    h("header", {}, severity(alert), h("h3", {}, named(alert, "title") ?? alert.rule_id)),
    h("p", { class: "why" }, named(alert, "reason") ?? ""),
    h("p", { class: "sub" }, alert.period_start_date === alert.period_end_date
      ? dayText(alert.period_end_date)
      : say("alert_period", shortDay(alert.period_start_date), dayText(alert.period_end_date))),
    h("div", { class: "facts" }, alert.owner && h("p", { class: "fact" }, h("b", {}, say("owner")), alert.owner)),
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
