// What a region sells for each full-time seller, beside the best region and all others together, as it is published.
import { dayText } from "./dates.js";
import { regionName } from "./names.js";
import { exact } from "./numbers.js";
import { card } from "./pieces.js";
import { state } from "./state.js";
import { csvButton, plainTable } from "./table.js";
import { say } from "./words.js";

// Per head there are months and the 365 days up to the business date, so these stand for every longer period.
const GRAIN = { mtd: "month", last_month: "month" };

const isStaffed = (row) => row.fte_days > 0;
export const hasHeads = (data) => (data.tables.region_heads ?? []).some(isStaffed);

/** The rows of the chosen period, the one that sells most per head first, those without a seller last. */
export function headRows(data) {
  const grain = GRAIN[state.period] ?? "year";
  const isMeant = (row) => row.period_grain === grain && (grain === "year" || row.period_start_date === data.period(state.period).starts_on);
  return (data.tables.region_heads ?? []).filter(isMeant).toSorted((a, b) => (b.net_sales_per_head_amount ?? -Infinity) - (a.net_sales_per_head_amount ?? -Infinity) || (a.region_key < b.region_key ? -1 : 1));
}

/** Why a figure or a comparison is not there, or that no other region has a higher one. */
function note(row) {
  if (!isStaffed(row)) return say("heads_none");
  if (row.best_region_key === null) return say("heads_unknown");
  if (row.peer_net_sales_per_head_amount === null) return say("heads_only");
  return row.region_key === row.best_region_key ? say("heads_most") : null;
}

/** A row in one sentence: its figure, how far it is from the best and from all others, and what is to be said to it. */
export function headWords(row) {
  const gap = (key, rate, ...values) => rate !== null && say(key, exact(rate, "gap"), ...values);
  return [
    exact(row.net_sales_per_head_amount, "money"),
    row.region_key !== row.best_region_key && gap("heads_to_best", row.gap_to_best_rate, regionName(row.best_region_key)),
    gap("heads_to_peers", row.gap_to_peers_rate),
    note(row),
  ].filter(Boolean).join(say("semicolon"));
}

export function headsNote(rows) {
  if (!rows.length) return null;
  const days = say("period_range", dayText(rows[0].period_start_date), dayText(rows[0].period_end_date));
  return say(rows[0].period_grain === "year" ? "heads_year_note" : "heads_note", days);
}

/** The table of the figures, by region: columns and rows as `plainTable` and `csvButton` take them. */
export const headTable = (rows) => ({
  columns: [
    ["name", say("region")], ["net_sales_per_head_amount", say("map_heads"), "money"],
    ["gap_to_best_rate", say("heads_gap_best"), "gap"], ["gap_to_peers_rate", say("heads_gap_peers"), "gap"],
    ["note", say("heads_remark")], ["average_fte", say("heads_fte"), "count"], ["net_sales_amount", say("net_sales"), "money"],
  ],
  listed: rows.map((row) => ({ ...row, name: regionName(row.region_key), note: note(row) ?? "" })),
});

/** The same table where there is no map to put the figures on; nothing where no source tells of sellers. */
export function headsCard(data) {
  if (!hasHeads(data)) return null;
  const rows = headRows(data);
  const { columns, listed } = headTable(rows);
  return card(say("map_heads"), headsNote(rows), csvButton(say("map_heads"), columns, listed), plainTable(say("map_heads"), columns, listed));
}
