// Segments and tags: how many customers are in each now, and how many were thirty days before.
import { h } from "./dom.js";
import { short } from "./numbers.js";
import { bar, card, delta, figure, nothing } from "./pieces.js";
import { sum } from "./series.js";
import { csvButton } from "./table.js";
import { named, say } from "./words.js";

function row(segment, total) {
  return h("li", {}, h("span", {}, named(segment, "name") ?? segment.segment_id), bar(segment.customer_count / total) || h("span", { class: "bar", "aria-hidden": "true" }),
    figure(segment.customer_count, "count", { "data-figure": `segment:${segment.segment_id}` }),
    h("span", { class: "sub" }, total ? short(segment.customer_count / total, "rate") : "–"),
    delta(segment.customer_count, segment.earlier_count, "count"));
}

/** Nothing at all where the company defines no segments. */
export function segments(data) {
  const rows = data.tables.segments;
  if (rows && !rows.length) return null;
  if (!rows) return card(say("segments"), null, null, nothing(true));
  const total = sum(data.tables.customers ?? [], "customer_count");
  const listed = ["segment", "tag"].map((type) => [type, rows.filter((one) => one.segment_type === type)]).filter(([, found]) => found.length);
  const told = rows.map((one) => ({ type: say(one.segment_type), name: named(one, "name"), count: one.customer_count, earlier: one.earlier_count }));
  const columns = [["type", say("segment_type")], ["name", say("segment")], ["count", say("customers")], ["earlier", say("segment_earlier")]];
  return card(say("segments"), say("segments_note"), csvButton(say("segments"), columns, told),
    h("div", { class: "segment-lists" }, listed.map(([type, found]) => h("div", {}, h("h4", {}, say(`${type}_plural`)), h("ul", { class: "segments" }, found.map((one) => row(one, total)))))));
}
