// Rows of the marts as series in time: gapless, and honest about what is not there.
import { addDays, addMonths, monthStart, weekStart } from "./dates.js";

const NEXT = { day: (day) => addDays(day, 1), week: (day) => addDays(day, 7), month: (day) => addMonths(day, 1) };
const START = { day: (day) => day, week: weekStart, month: monthStart };
const YEAR = { day: (day) => addDays(day, -364), week: (day) => addDays(day, -364), month: (day) => addMonths(day, -12) };

/**
 * Net sales by day, week or month for one region ('' for all): [{start, amount, yearBefore}].
 * A period without a sale between the first and the last sale of the company is 0; outside of that there is no data.
 */
export function salesSeries(tables, grain, region) {
  const extent = tables.sales_extent?.[0];
  if (!tables.sales_times || !extent?.first_date) return [];
  const rows = tables.sales_times.filter((row) => row.grain === grain);
  const amounts = new Map(rows.filter((row) => row.region_key === region).map((row) => [row.start, row.amount]));
  const first = rows[0]?.start;
  const last = START[grain](extent.last_date);
  if (!first) return [];
  const whole = first < extent.first_date ? NEXT[grain](first) : first; // the first period may have begun before the data did
  const at = (start, from) => (start < from || start > last ? null : (amounts.get(start) ?? 0));
  const series = [];
  for (let start = first; start <= last; start = NEXT[grain](start)) {
    series.push({ start, amount: at(start, first), yearBefore: at(YEAR[grain](start), whole), isWhole: start >= whole });
  }
  return series;
}

/** The published rows of one metric in the coarsest wanted grain that has any, oldest first. */
export function metricSeries(tables, metricId, grains = ["month", "week", "quarter"]) {
  for (const grain of grains) {
    const rows = (tables.kpis ?? []).filter((row) => row.metric_id === metricId && row.grain === grain);
    if (rows.some((row) => row.value !== null)) return { grain, rows };
  }
  return { grain: grains[0], rows: [] };
}

export const sum = (rows, key) => rows.reduce((total, row) => (row[key] === null ? total : (total ?? 0) + row[key]), null);
