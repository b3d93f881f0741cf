// Every sentence of the page, in both languages side by side. `say("key", …)` gives the one for the reader.
import { state } from "./state.js";

const WORDS = {
  board: ["Sales board", "销售看板"],
  language: ["Language", "语言"],
  theme: ["Appearance", "外观"],
  auto: ["Automatic", "跟随系统"],
  light: ["Light", "浅色"],
  dark: ["Dark", "深色"],
  skip: ["Skip to the figures", "跳至内容"],
  sections: ["Sections", "章节"],
  as_of: [(at) => `Data as of ${at}`, (at) => `数据截至 ${at}`],
  no_data: ["no data", "无数据"],
  not_published: ["This part of the warehouse has not been published yet.", "数据仓库尚未发布此部分。"],
  no_rows: ["There is no data for this yet.", "暂无相关数据。"],
  unknown: ["Unknown", "未知"],
  other: [(n) => `${n} others`, (n) => `其他 ${n} 项`],
  all: ["All", "全部"],
  total: ["Total", "合计"],
  show_all: [(n) => `Show all ${n}`, (n) => `显示全部 ${n} 项`],
  show_less: ["Show fewer", "收起"],
  as_table: ["Table", "表格"],
  as_chart: ["Chart", "图表"],
  csv: ["CSV", "CSV"],
  csv_of: [(title) => `Download as CSV: ${title}`, (title) => `下载 CSV:${title}`],
  colon: [": ", ":"],
  stop: [". ", "。"],

  overview: ["Overview", "总览"],
  attention: ["What needs attention", "需要关注"],
  targets: ["Targets", "目标"],
  sales: ["Net sales", "净销售额"],
  pipeline: ["Pipeline", "商机管道"],
  customers: ["Customers", "客户"],
  trust: ["Can these figures be trusted?", "数据可信度"],
  nav_attention: ["Attention", "关注"],
  nav_sales: ["Sales", "销售"],
  nav_trust: ["Trust", "可信度"],

  // the sentence at the top
  lede_sales: [
    (amount, month) => `Net sales in ${month} stand at ${amount} to date`,
    (amount, month) => `${month}至今净销售额 ${amount}`,
  ],
  lede_up: [(pct) => `, ${pct} above the same days of the month before`, (pct) => `,较上月同期高 ${pct}`],
  lede_down: [(pct) => `, ${pct} below the same days of the month before`, (pct) => `,较上月同期低 ${pct}`],
  lede_flat: [", level with the same days of the month before", ",与上月同期持平"],
  lede_none: ["There are no net sales to report for this month yet", "本月尚无净销售额数据"],
  lede_alerts: [(n) => (n === 1 ? "One alert needs attention" : `${n} alerts need attention`), (n) => `${n} 条警报需要关注`],
  lede_quiet: ["No alert is open", "当前没有警报"],
  lede_targets: [(behind, n) => `${behind} of ${n} targets ${behind === 1 ? "is" : "are"} behind pace`, (behind, n) => `${n} 个目标中有 ${behind} 个落后于进度`],
  lede_targets_fine: [(n) => (n === 1 ? "the target is on pace" : `all ${n} measured targets are on pace`), (n) => `${n} 个可衡量目标均按进度推进`],

  // cards
  card_mtd: [(month) => `Net sales, ${month} to date`, (month) => `净销售额 · ${month}至今`],
  card_month: [(month) => `Net sales, ${month}`, (month) => `净销售额 · ${month}`],
  card_pipeline: ["Open pipeline", "在途商机金额"],
  card_worst: [(stage) => `Highest stage loss: ${stage}`, (stage) => `流失率最高阶段:${stage}`],
  card_worst_none: ["Highest stage loss", "流失率最高阶段"],
  vs_days: [(month) => `same days of ${month}`, (month) => `较${month}同期`],
  vs: [(period) => `vs ${period}`, (period) => `较${period}`],
  vs_year: ["vs a year before", "较上年同期"],
  of: [(n, m) => `${n} of ${m}`, (n, m) => `${n} / ${m}`],
  of_win_rate: [(n, m) => `${n} won of ${m} closed deals`, (n, m) => `关闭 ${m} 个商机,赢单 ${n} 个`],
  of_lead_conversion_rate: [(n, m) => `${n} of ${m} leads became opportunities`, (n, m) => `${m} 条线索中 ${n} 条转为商机`],
  of_stage_loss_rate: [(n, m) => `${n} lost of ${m} decided`, (n, m) => `${m} 个已决商机中流失 ${n} 个`],
  of_entry_within_24h_rate: [(n, m) => `${n} of ${m} records`, (n, m) => `${m} 条记录中 ${n} 条按时`],
  of_stage_dwell_days: [(n, m) => `${n} days over ${m} deals`, (n, m) => `${m} 个商机共 ${n} 天`],
  open_deals: [(n) => `${n} open opportunities`, (n) => `${n} 个进行中的商机`],
  not_matured: ["not final yet", "尚未定型"],
  spark: [(from, to, a, b) => `From ${a} in ${from} to ${b} in ${to}`, (from, to, a, b) => `${from} ${a},${to} ${b}`],
  pace_this: [(month) => `${month}, cumulative`, (month) => `${month}累计`],
  pace_label: ["Cumulative net sales by day of the month, this month against the month before", "按日累计净销售额,本月与上月对比"],
  day_n: [(n) => `Day ${n}`, (n) => `${n} 日`],

  // attention
  quiet_title: ["Nothing needs attention", "一切正常"],
  quiet_text: ["No alert rule fired for the last complete week.", "最近一个完整周没有触发任何警报规则。"],
  fall_title: [(region, pct) => `${region}: net sales ${pct} week on week`, (region, pct) => `${region}:净销售额周环比 ${pct}`],
  fall_amounts: [(now, then, from, to) => `${now} in the week ${from} to ${to}, after ${then} the week before`, (now, then, from, to) => `${from}至${to}当周 ${now},前一周 ${then}`],
  threshold: [(pct) => `The rule fires beyond ${pct}`, (pct) => `触发阈值 ${pct}`],
  owner: ["Owner", "负责人"],
  top_part: ["Largest part", "最大影响项"],
  critical: ["Critical", "严重"],
  warning: ["Warning", "警告"],
  info: ["Notice", "提示"],
  playbook: ["Playbook", "应对方案"],

  // targets
  met: ["Met", "已达成"],
  on_track: ["On pace", "按进度"],
  behind: ["Behind pace", "落后"],
  actual: ["Actual", "实际"],
  target: ["Target", "目标"],
  baseline: ["Baseline", "基线"],
  progress: ["Progress", "进度"],
  expected: ["Expected by now", "应达进度"],
  due: ["Due", "截止"],
  status: ["Status", "状态"],
  pace_legend: ["The tick marks the progress expected by now, counted in workdays.", "竖线为按工作日计算的应达进度。"],

  // sales
  trend: ["Net sales over time", "净销售额走势"],
  trend_sub: ["Net of discounts, returns and tax", "已扣除折扣、退货与税额"],
  day: ["Day", "日"],
  week: ["Week", "周"],
  month: ["Month", "月"],
  period: ["Period", "时段"],
  this_period: ["Net sales", "净销售额"],
  year_before: ["A year before", "上年同期"],
  partial: ["to date", "至今"],
  region: ["Region", "区域"],
  all_regions: ["All regions", "全部区域"],
  by_region: ["By region", "按区域"],
  by_channel: ["By channel", "按渠道"],
  by_product_line: ["By product line", "按产品线"],
  channel: ["Channel", "渠道"],
  product_line: ["Product line", "产品线"],
  net_sales: ["Net sales", "净销售额"],
  share: ["Share", "占比"],
  previous: ["Change", "环比"],
  change_previous: ["vs period before", "较上期"],
  change_year: ["vs year before", "较上年同期"],
  period_mtd: ["Month to date", "本月至今"],
  period_last_month: ["Last month", "上月"],
  period_ytd: ["Year to date", "本年至今"],
  period_last_12: ["Last 12 months", "近12个月"],
  period_range: [(from, to) => `${from} – ${to}`, (from, to) => `${from} 至 ${to}`],
  map: ["Where it comes from", "区域分布"],
  map_sales: ["Net sales", "净销售额"],
  map_customers: ["Customers", "客户数"],
  map_sales_note: ["Each province takes the colour of its sales region", "各省按所属销售区域着色"],
  map_customers_note: ["Customers by province", "各省客户数"],
  province: ["Province", "省份"],
  less: ["less", "少"],
  more: ["more", "多"],
  reps: ["Sales representatives", "销售代表"],
  rep: ["Representative", "销售代表"],
  rank: ["Rank", "排名"],
  win_rate: ["Win rate", "赢单率"],
  orders: ["Orders", "订单数"],
  sort_by: [(name) => `Sort by ${name}`, (name) => `按${name}排序`],

  // pipeline
  funnel: ["From lead to cash", "从线索到回款"],
  funnel_sub: ["Of what entered a step: how much went on, is still open, or was lost", "进入每一步的数量:前进、进行中、流失"],
  step: ["Step", "步骤"],
  entered: ["Entered", "进入"],
  advanced: ["Went on", "前进"],
  open: ["Still open", "进行中"],
  lost: ["Lost", "流失"],
  loss_rate: ["Loss", "流失率"],
  loss_of_resolved: ["Lost ÷ (went on + lost)", "流失 ÷(前进 + 流失)"],
  cohort: ["Cohort", "批次"],
  cohorts_matured: ["Matured cohorts, last 12", "近12个已成熟批次"],
  cohorts_all: ["All cohorts", "全部批次"],
  cohort_open: ["This cohort is still maturing: its losses and gains are not final.", "该批次尚未成熟,结果未定型。"],
  cohort_none: ["No cohort has matured yet; all cohorts are shown and not final.", "尚无已成熟批次,显示全部批次,结果未定型。"],
  end_to_end: [(n, first, last) => `${n} of ${first} reach ${last}`, (n, first, last) => `${first}→${last} 转化率 ${n}`],
  stages: ["Time and loss by stage", "各阶段耗时与流失"],
  stage: ["Stage", "阶段"],
  dwell: ["Days in stage", "停留天数"],
  stage_loss: ["Loss rate", "流失率"],
  deals: [(n) => `${n} deals`, (n) => `${n} 个商机`],

  // customers
  tiers: ["Customers by lifecycle tier", "客户生命周期分级"],
  tier: ["Tier", "级别"],
  tier_n: [(name) => `Tier ${name}`, (name) => `${name} 类`],
  reason: ["Reason", "原因"],
  customers_n: [(n) => `${n} customers`, (n) => `${n} 位客户`],
  reasons_other: ["other reasons", "其他原因"],

  // trust
  freshness: ["Source freshness", "数据源时效"],
  source: ["Source", "数据源"],
  last_load: ["Last load", "最近加载"],
  last_event: ["Last event", "最近业务时间"],
  age: ["Age", "距今"],
  expected_within: [(h) => `expected within ${h}`, (h) => `应在 ${h}内`],
  fresh: ["Fresh", "正常"],
  stale: ["Stale", "过期"],
  failed: ["Failed", "失败"],
  never: ["never", "从未"],
  fresh_all: [(n) => (n === 1 ? "The source is fresh" : `All ${n} sources are fresh`), (n) => `${n} 个数据源均正常`],
  fresh_some: [(ok, n) => `${ok} of ${n} sources fresh`, (ok, n) => `${n} 个数据源中 ${ok} 个正常`],
  fresh_unknown: ["Freshness unknown", "时效未知"],
  accounting: ["Every row accounted for", "逐行核算"],
  accounting_sub: ["Landed rows, and what became of each of them", "已落地的每一行数据的去向"],
  entity: ["Records", "数据类型"],
  landed: ["Landed", "落地"],
  current: ["In the marts", "入集市"],
  merged: ["Merged", "合并"],
  quarantined: ["Quarantined", "隔离"],
  excluded: ["Excluded", "排除"],
  unexplained: ["Unexplained", "未解释"],
  accepted: ["Accepted", "接受"],
  accounted_all: ["Every landed row is explained.", "每一行落地数据均有去向。"],
  accounted_not: [(n) => `${n} rows are unexplained.`, (n) => `${n} 行数据去向不明。`],
  quarantine: ["Why rows are in quarantine", "隔离原因"],
  quarantine_none: ["No row is in quarantine.", "没有被隔离的数据。"],
  column: ["Column", "字段"],
  rows: ["Rows", "行数"],

  footer: ["Every figure comes from the published marts of this refresh.", "所有数字均来自本次刷新发布的数据集市。"],
  licences: ["Open-source licences", "开源许可"],
};

const INDEX = { en: 0, zh: 1 };

export function say(key, ...values) {
  const word = WORDS[key][INDEX[state.language]];
  return typeof word === "function" ? word(...values) : word;
}

export const has = (key) => key in WORDS;

/** The reader's one of a row's `<base>_en` and `<base>_zh`, else the other, else null. */
export function named(row, base) {
  const [first, second] = state.language === "zh" ? ["zh", "en"] : ["en", "zh"];
  return row?.[`${base}_${first}`] || row?.[`${base}_${second}`] || null;
}

/** An identifier such as `technical_solution` as words. */
export function spelled(id) {
  if (id === null || id === undefined || id === "") return say("unknown");
  const text = String(id).replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
