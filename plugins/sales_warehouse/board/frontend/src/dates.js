// Dates come as ISO text: a day has no zone, a moment is UTC and shown in the company's zone.
import { state } from "./state.js";

export const zone = { name: "UTC" };

const LOCALE = { en: "en-GB", zh: "zh-CN" };
const DAY = 86_400_000;

const parse = (day) => new Date(`${day}T00:00:00Z`);
const write = (date, options) => new Intl.DateTimeFormat(LOCALE[state.language], options).format(date);
const writeDay = (day, options) => write(parse(day), { ...options, timeZone: "UTC" });

export const longDay = (day) => writeDay(day, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
export const dayText = (day) => writeDay(day, { day: "numeric", month: "short", year: "numeric" });
export const shortDay = (day) => writeDay(day, { day: "numeric", month: "short" });
export const weekdayText = (day) => writeDay(day, { weekday: "short", day: "numeric", month: "short", year: "numeric" });
export const monthText = (day) => writeDay(day, { month: "long", year: "numeric" });
export const shortMonth = (day) => writeDay(day, { month: "short", year: "numeric" });
export const monthOnly = (day) => writeDay(day, { month: "short" });
export const yearOf = (day) => day.slice(0, 4);

export function moment(at, year = "numeric") {
  const options = { day: "numeric", month: "short", ...(year && { year }), hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const date = new Date(`${at.replace(" ", "T").slice(0, 19)}Z`);
  try {
    return write(date, { ...options, timeZone: zone.name });
  } catch {
    return `${write(date, { ...options, timeZone: "UTC" })} UTC`;
  }
}

export const addDays = (day, count) => new Date(parse(day).getTime() + count * DAY).toISOString().slice(0, 10);
export const daysBetween = (from, to) => Math.round((parse(to) - parse(from)) / DAY);
export const monthStart = (day) => `${day.slice(0, 7)}-01`;

export function addMonths(month, count) {
  const date = parse(monthStart(month));
  date.setUTCMonth(date.getUTCMonth() + count);
  return date.toISOString().slice(0, 10);
}
export const weekStart = (day) => addDays(day, -((parse(day).getUTCDay() + 6) % 7));

/** How a period is called: a month, a week from its Monday, a quarter, or a day. */
export function periodText(start, grain) {
  if (grain === "month") return monthText(start);
  if (grain === "quarter") return state.language === "zh" ? `${yearOf(start)}年第${quarter(start)}季度` : `Q${quarter(start)} ${yearOf(start)}`;
  if (grain === "week") return state.language === "zh" ? `${dayText(start)}起的一周` : `week of ${dayText(start)}`;
  return dayText(start);
}
const quarter = (day) => Math.floor((Number(day.slice(5, 7)) - 1) / 3) + 1;

export function periodEnd(start, grain) {
  if (grain === "month") return addDays(addMonths(start, 1), -1);
  if (grain === "quarter") return addDays(addMonths(start, 3), -1);
  return grain === "week" ? addDays(start, 6) : start;
}
