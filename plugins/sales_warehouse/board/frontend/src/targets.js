// Targets as bullet bars: how far, and how far it should be by now.
import { dayText } from "./dates.js";
import { h } from "./dom.js";
import { memberName, metric, metricName } from "./names.js";
import { kindOf, short } from "./numbers.js";
import { chip, figure, nothing } from "./pieces.js";
import { named, say } from "./words.js";

const TONE = { met: "good", on_track: "good", behind: "bad", no_data: "none" };

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

function one(target, names) {
  const kind = kindOf(metric(target.metric_id).unit ?? (/_rate$/.test(target.metric_id) ? "rate" : "count"));
  return h("li", { class: "target" },
    h("div", { class: "target-name" }, h("b", {}, title(target, names)), h("span", { class: "sub" }, [target.owner, target.due_on && `${say("due")} ${dayText(target.due_on)}`].filter(Boolean).join(" · "))),
    h("div", { class: "target-bar" }, bullet(target),
      h("p", { class: "target-figures" },
        h("span", {}, h("b", {}, figure(target.actual_value, kind)), h("span", { class: "sub" }, " / "), figure(target.target_value, kind)),
        h("span", { class: "sub" }, say("progress"), " ", figure(target.progress_rate, "rate")))),
    chip(TONE[target.status] ?? "none", TONE[target.status] ? say(target.status) : (target.status ?? say("no_data"))));
}

export function targets(data) {
  const rows = data.tables.targets;
  if (!rows?.length) return h("div", { class: "card" }, nothing(!rows));
  return h("div", { class: "card" }, h("ul", { class: "targets" }, rows.map((target) => one(target, data.tables.target_names))), h("p", { class: "note" }, h("i", { class: "tick-sign", "aria-hidden": "true" }), say("pace_legend")));
}
