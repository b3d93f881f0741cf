// China as a grid of equal tiles, one for each province: no boundary is drawn, so none can be wrong.
import { h } from "./dom.js";
import { hasHeads, headRows, headsNote, headTable, headWords } from "./heads.js";
import { exact, short } from "./numbers.js";
import { card, segmented } from "./pieces.js";
import { regionName } from "./names.js";
import { choose, state } from "./state.js";
import { withTable } from "./table.js";
import { members } from "./breakdown.js";
import { say } from "./words.js";

// code: [column, row, Chinese short name, Chinese, English]
const PLACES = {
  HL: [8, 0, "黑", "黑龙江", "Heilongjiang"], NM: [5, 1, "蒙", "内蒙古", "Inner Mongolia"], LN: [7, 1, "辽", "辽宁", "Liaoning"], JL: [8, 1, "吉", "吉林", "Jilin"],
  XJ: [0, 2, "新", "新疆", "Xinjiang"], GS: [2, 2, "甘", "甘肃", "Gansu"], NX: [3, 2, "宁", "宁夏", "Ningxia"], SX: [4, 2, "晋", "山西", "Shanxi"], HE: [5, 2, "冀", "河北", "Hebei"], BJ: [6, 2, "京", "北京", "Beijing"], TJ: [7, 2, "津", "天津", "Tianjin"],
  XZ: [0, 3, "藏", "西藏", "Tibet"], QH: [1, 3, "青", "青海", "Qinghai"], SN: [3, 3, "陕", "陕西", "Shaanxi"], HA: [4, 3, "豫", "河南", "Henan"], SD: [5, 3, "鲁", "山东", "Shandong"],
  SC: [2, 4, "川", "四川", "Sichuan"], CQ: [3, 4, "渝", "重庆", "Chongqing"], HB: [4, 4, "鄂", "湖北", "Hubei"], AH: [5, 4, "皖", "安徽", "Anhui"], JS: [6, 4, "苏", "江苏", "Jiangsu"], SH: [7, 4, "沪", "上海", "Shanghai"],
  YN: [2, 5, "云", "云南", "Yunnan"], GZ: [3, 5, "贵", "贵州", "Guizhou"], HN: [4, 5, "湘", "湖南", "Hunan"], JX: [5, 5, "赣", "江西", "Jiangxi"], ZJ: [6, 5, "浙", "浙江", "Zhejiang"],
  GX: [3, 6, "桂", "广西", "Guangxi"], GD: [4, 6, "粤", "广东", "Guangdong"], FJ: [5, 6, "闽", "福建", "Fujian"], TW: [7, 6, "台", "台湾", "Taiwan"],
  HI: [3, 7, "琼", "海南", "Hainan"], MO: [4, 7, "澳", "澳门", "Macao"], HK: [5, 7, "港", "香港", "Hong Kong"],
};
const NUMBERED = { 71: "TW", 91: "HK", 92: "MO" };

const codeOf = (iso) => {
  const code = /^CN-(\w+)$/.exec(iso ?? "")?.[1];
  return NUMBERED[code] ?? code;
};
const provinceName = (code) => PLACES[code][state.language === "zh" ? 3 : 4];

function provinces(data) {
  return (data.tables.regions ?? []).map((row) => ({ ...row, code: codeOf(row.iso_code) })).filter((row) => row.code in PLACES);
}

/** True when the company's regions are provinces of China, or contain some. */
export const isChina = (data) => provinces(data).length > 0;

/** The tiles with the value of each; a figure of a region is that of all its provinces. */
function ofRegions(data, values) {
  return provinces(data).map((row) => {
    const group = values.has(row.region_key) ? row.region_key : row.parent_region_key;
    return { ...row, group, value: values.get(group) ?? null };
  });
}

const sharing = (rows) => (rows.some((row) => row.group !== row.region_key) ? say("map_sales_note") : null);

const byProvince = (rows, kind, name) => ({
  columns: [["name", say("province")], ["region", say("region")], ["value", name, kind]],
  listed: rows.map((row) => ({ ...row, name: provinceName(row.code), region: regionName(row.group ?? "unknown") })).toSorted((a, b) => (b.value ?? -1) - (a.value ?? -1)),
});

function salesLayer(data) {
  const rows = ofRegions(data, new Map(members(data, "region", "").map((row) => [row.member, row.current_amount])));
  return { rows, kind: "money", note: sharing(rows), ...byProvince(rows, "money", say("net_sales")) };
}

function headsLayer(data) {
  const found = headRows(data);
  const by = new Map(found.map((row) => [row.region_key, row]));
  const rows = ofRegions(data, new Map(found.map((row) => [row.region_key, row.net_sales_per_head_amount])))
    .map((row) => ({ ...row, told: by.has(row.group) && headWords(by.get(row.group)) }));
  const told = by.get(state.region) ?? found.find((row) => row.region_key === row.best_region_key);
  const sentence = told && h("p", { class: "note told" }, h("b", {}, regionName(told.region_key)), `${say("colon")}${headWords(told)}`);
  return { rows, kind: "money", note: [headsNote(found), sharing(rows)].filter(Boolean).join(say("stop")), sentence, ...headTable(found) };
}

function customersLayer(data) {
  const counts = new Map((data.tables.provinces ?? []).map((row) => [row.province_key, row.customer_count]));
  const rows = provinces(data).map((row) => ({ ...row, group: row.parent_region_key, value: counts.get(row.region_key) ?? null }));
  return { rows, kind: "count", least: 0, note: say("map_customers_note"), ...byProvince(rows, "count", say("map_customers")) };
}

const LAYERS = { sales: salesLayer, heads: headsLayer, customers: customersLayer };

/** What the map can show of this company: the sales always. */
function layersOf(data) {
  const hasCustomers = data.tables.provinces?.some((row) => provinces(data).some((place) => place.region_key === row.province_key));
  return ["sales", hasHeads(data) && "heads", hasCustomers && "customers"].filter(Boolean);
}

function tile(row, greatest, kind, least) {
  const [column, line] = PLACES[row.code];
  const depth = row.value === null ? null : Math.max(0, (row.value - least) / (greatest - least || 1));
  const level = depth === null ? "none" : String(Math.min(5, Math.floor(depth * 5.999)));
  const group = row.group ? `, ${regionName(row.group)}` : "";
  const name = state.language === "zh" ? PLACES[row.code][2] : row.code;
  const label = `${name} ${provinceName(row.code)}${group}: ${row.told || exact(row.value, kind) || say("no_data")}`;
  const chosen = state.region && state.region === row.group;
  return h("button", {
    type: "button", class: "tile", "data-level": level, "data-focus": `tile:${row.code}`, "aria-label": label, title: label, "aria-pressed": String(Boolean(chosen)),
    style: { "grid-column": column + 1, "grid-row": line + 1 }, onclick: () => row.group && choose("region", chosen ? "" : row.group),
  }, name);
}

function scale(least, greatest, kind) {
  return h("p", { class: "scale", "aria-hidden": "true" }, h("span", {}, short(least, kind)), [0, 1, 2, 3, 4, 5].map((level) => h("i", { "data-level": level })), h("span", {}, short(greatest, kind)));
}

export function tiles(data) {
  const offered = layersOf(data);
  const { rows, kind, least, note, sentence, columns, listed } = LAYERS[offered.includes(state.map) ? state.map : "sales"](data);
  const values = rows.map((row) => row.value).filter((value) => value !== null);
  const [smallest, greatest] = [Math.min(...values), Math.max(...values, 0)];
  const floor = least ?? Math.min(...values, greatest) * 0.6;
  const choice = offered.length > 1 && segmented("map", say("map"), offered.map((layer) => [layer, say(`map_${layer}`)]));
  const grid = h("div", { class: "tiles", role: "group", "aria-label": say("map") }, rows.map((row) => tile(row, greatest, kind, floor)));
  const { body, tools } = withTable(say("map"), grid, columns, listed);
  return card(say("map"), note, [choice, tools], body, values.length ? scale(smallest, greatest, kind) : null, sentence);
}
