// Who, which day, how fresh, and the whole state of affairs in one sentence.
import { dayText, longDay, moment, monthText } from "./dates.js";
import { h, icon } from "./dom.js";
import { changeText, change, short } from "./numbers.js";
import { chip, segmented } from "./pieces.js";
import { named, say } from "./words.js";

function freshness(sources) {
  if (!sources?.length) return chip("none", say("fresh_unknown"));
  const fresh = sources.filter((source) => source.freshness_status === "fresh").length;
  if (fresh === sources.length) return chip("good", say("fresh_all", fresh));
  const failed = sources.some((source) => source.freshness_status === "failed");
  return chip(failed ? "bad" : "warn", say("fresh_some", fresh, sources.length));
}

function salesSentence(data) {
  const total = (data.tables.sales_spans ?? []).find((row) => row.period === "mtd" && row.dimension === "total" && row.region_key === "");
  if (!total || total.current_amount === null) return say("lede_none");
  const comparable = data.comparable("mtd", "previous");
  const moved = comparable ? change(total.current_amount, total.previous_amount, "money") : null;
  const amount = short(total.current_amount, "money");
  const first = say("lede_sales", amount, monthText(data.business_date));
  if (moved === null) return first;
  if (Math.abs(moved) < 0.0005) return first + say("lede_flat");
  const pct = changeText(Math.abs(moved), "money").replace("+", "");
  return first + say(moved > 0 ? "lede_up" : "lede_down", pct);
}

function targetSentence(targets) {
  const measured = (targets ?? []).filter((target) => target.status && target.status !== "no_data" && target.status !== "not_started");
  if (!measured.length) return null;
  const behind = measured.filter((target) => target.status === "behind" || target.status === "missed").length;
  return behind ? say("lede_targets", behind, measured.length) : say("lede_targets_fine", measured.length);
}

function lede(data) {
  const standing = data.tables.incident_count?.[0]?.standing_count;
  const state = [
    standing !== undefined && (standing ? say("lede_alerts", standing) : say("lede_quiet")),
    targetSentence(data.tables.targets),
  ].filter(Boolean);
  const joined = state.join(say("semicolon"));
  return salesSentence(data) + say("stop") + (joined ? joined + say("stop") : "");
}

const sign = (theme, drawn) => [theme, [icon(drawn), h("span", { class: "sr" }, say(theme))], say(theme)];

export function header(data) {
  const company = data.tables.company?.[0];
  return [
    h("div", { class: "bar-top" },
      h("p", { class: "brand" }, h("span", { class: "brand-mark", "aria-hidden": "true" }), h("b", {}, named(company, "name") ?? say("board"))),
      h("div", { class: "switches" },
        segmented("language", say("language"), [["en", h("span", { lang: "en" }, "EN"), "English"], ["zh", h("span", { lang: "zh-Hans" }, "中文"), "中文"]]),
        segmented("theme", say("theme"), [sign("auto", "auto"), sign("light", "sun"), sign("dark", "moon")]))),
    h("div", { class: "title" },
      h("div", {},
        h("h1", {}, say("board")),
        h("p", { class: "when" }, h("time", { datetime: data.business_date }, longDay(data.business_date)))),
      h("p", { class: "state" }, freshness(data.tables.freshness), company?.as_of && h("span", { class: "as-of" }, say("as_of", moment(company.as_of))))),
    h("p", { class: "lede" }, lede(data).trim()),
  ];
}

export const pageTitle = (data) => {
  const name = named(data.tables.company?.[0], "name");
  return `${name ? `${name} · ` : ""}${say("board")} · ${dayText(data.business_date)}`;
};
