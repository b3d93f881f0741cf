// Customers by lifecycle tier, and why they are in it.
import { h } from "./dom.js";
import { short } from "./numbers.js";
import { bar, card, figure, nothing } from "./pieces.js";
import { sum } from "./series.js";
import { csvButton } from "./table.js";
import { named, say } from "./words.js";

function tiersOf(data) {
  const known = new Map((data.tables.tiers ?? []).map((row, i) => [row.tier, { ...row, order: i }]));
  return [...Map.groupBy(data.tables.customers, (row) => row.tier)]
    .map(([tier, reasons]) => ({ tier, reasons, count: sum(reasons, "customer_count"), name: named(known.get(tier), "name"), order: known.get(tier)?.order ?? 99 }))
    .toSorted((a, b) => a.order - b.order || (a.tier < b.tier ? -1 : 1));
}

const label = (tier) => (tier.tier === "unknown" ? say("unknown") : say("tier_n", tier.tier));

function block(tier, total, i) {
  return h("li", {},
    h("div", { class: "tier-head" }, h("i", { class: `tier-sign t${Math.min(i, 3)}` }), h("b", {}, label(tier)), tier.name && h("span", { class: "sub" }, tier.name),
      h("span", { class: "tier-count" }, figure(tier.count, "count", { "data-figure": `tier:${tier.tier}` }), h("span", { class: "sub" }, short(tier.count / total, "rate")))),
    h("ul", { class: "reasons" }, tier.reasons.map((row) => h("li", {}, h("span", {}, row.is_shown === false ? say("reasons_other") : (named(row, "reason") ?? say("unknown"))), bar(row.customer_count / tier.count, `t${Math.min(i, 3)}`), figure(row.customer_count)))));
}

export function customers(data) {
  if (!data.tables.customers?.length) return card(say("tiers"), null, null, nothing(!data.tables.customers));
  const tiers = tiersOf(data);
  const total = sum(tiers, "count");
  const rows = tiers.flatMap((tier) => tier.reasons.map((row) => ({ tier: tier.tier, reason: named(row, "reason"), count: row.customer_count })));
  const columns = [["tier", say("tier")], ["reason", say("reason")], ["count", say("customers")]];
  return card(say("tiers"), say("customers_n", short(total)), csvButton(say("tiers"), columns, rows),
    h("div", { class: "stack", "aria-hidden": "true" }, tiers.map((tier, i) => h("i", { class: `t${Math.min(i, 3)}`, style: { "--part": `${(tier.count / total) * 100}%` } }))),
    h("ul", { class: "tier-list" }, tiers.map((tier, i) => block(tier, total, i))));
}
