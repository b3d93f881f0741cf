// Figures as people read them: K and M in English, 万 and 亿 in Chinese; the exact value is kept for hovering.
import { state } from "./state.js";

export const setting = { currency: null };

const LOCALE = { en: "en-US", zh: "zh-CN" };
const cache = new Map();

function formatter(options) {
  const key = state.language + JSON.stringify(options);
  if (!cache.has(key)) cache.set(key, new Intl.NumberFormat(LOCALE[state.language], options));
  return cache.get(key);
}

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const write = (value, options) => formatter(options).format(value === 0 ? 0 : value).replace(/-/g, "−");
const money = () => (setting.currency ? { style: "currency", currency: setting.currency, currencyDisplay: "narrowSymbol" } : {});
const YI = 1e8; // 亿; what is smaller is told in 万
const WAN = 1e4;

function compactOptions(value) {
  const size = Math.abs(value);
  if (size < 1000 || (state.language === "zh" && size < WAN)) return { maximumFractionDigits: 0 };
  if (state.language === "en") return { notation: "compact", minimumSignificantDigits: 3, maximumSignificantDigits: 3 };
  const decimals = size < YI ? 1 : 2;
  return { notation: "compact", minimumFractionDigits: decimals, maximumFractionDigits: decimals };
}

const SHORT = {
  money: (v) => write(v, { ...money(), ...compactOptions(v) }),
  count: (v) => write(v, { maximumFractionDigits: 1 }),
  rate: (v) => write(v, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  days: (v) => write(v, { style: "unit", unit: "day", unitDisplay: "long", maximumFractionDigits: 1 }),
  hours: (v) => write(v, { style: "unit", unit: "hour", unitDisplay: state.language === "zh" ? "long" : "short", maximumFractionDigits: 1 }),
  times: (v) => `${write(v, { maximumFractionDigits: 2 })}×`,
  gap: (v) => changeText(v), // how far one is above or below another, relative to that other
};

const EXACT = {
  ...SHORT,
  money: (v) => write(v, { ...money(), minimumFractionDigits: 2, maximumFractionDigits: 2 }),
  count: (v) => write(v, { maximumFractionDigits: 4 }),
  rate: (v) => write(v, { style: "percent", minimumFractionDigits: 2, maximumFractionDigits: 2 }),
  days: (v) => write(v, { style: "unit", unit: "day", unitDisplay: "long", maximumFractionDigits: 3 }),
};

const KIND = { money: "money", rate: "rate", count: "count", day: "days", days: "days", d: "days", h: "hours", hour: "hours", hours: "hours", "×": "times", ratio: "times" };

/** The writing of a metric's unit; an unknown unit is written as a plain number. */
export const kindOf = (unit) => KIND[unit] ?? "count";
/** `value` as short text, or null when there is none: a missing figure is never written as 0. */
export const short = (value, kind = "count") => (isNumber(value) ? SHORT[kind](value) : null);
export const exact = (value, kind = "count") => (isNumber(value) ? EXACT[kind](value) : null);

/** Relative change, or the difference in percentage points for a rate; null without both values. */
export function change(now, then, kind) {
  if (!isNumber(now) || !isNumber(then)) return null;
  if (kind === "rate") return now - then;
  return then > 0 ? now / then - 1 : null;
}

export function changeText(value, kind) {
  const signed = { signDisplay: "exceptZero", minimumFractionDigits: 1, maximumFractionDigits: 1 };
  if (kind !== "rate") return write(value, { ...signed, style: "percent" });
  return write(value * 100, signed) + (state.language === "zh" ? " 个百分点" : " pp");
}

export const axisMoney = (value) => write(value, { ...money(), notation: "compact", maximumSignificantDigits: 3 });
