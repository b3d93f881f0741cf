// Puts the page together, and draws again only what a choice changes.
import { attention } from "./attention.js";
import { breakdown } from "./breakdown.js";
import { resizeAll } from "./chart.js";
import { customers } from "./customers.js";
import { dayText, zone } from "./dates.js";
import { h } from "./dom.js";
import { funnel } from "./funnel.js";
import { header, pageTitle } from "./header.js";
import { headsCard } from "./heads.js";
import { headline } from "./headline.js";
import { learnNames, regionName } from "./names.js";
import { setting } from "./numbers.js";
import { readPayload } from "./payload.js";
import { dropdown, nothing, segmented } from "./pieces.js";
import { reps } from "./reps.js";
import { review } from "./review.js";
import { segments } from "./segments.js";
import { stages } from "./stages.js";
import { onChoice, restore, state } from "./state.js";
import { targets } from "./targets.js";
import { applyTheme, onThemeChange } from "./theme.js";
import { isChina, tiles } from "./tiles.js";
import { trend } from "./trend.js";
import { accounting, capture, drift, freshness, quarantine, refusals, repairs } from "./trust.js";
import { say } from "./words.js";

/** What is asked of the data more than once. `covers`: was there already data on that day? */
function withQuestions(payload) {
  const first = payload.tables.sales_extent?.[0]?.first_date;
  const covers = (day) => Boolean(first) && day >= first;
  const period = (id) => payload.periods.find((one) => one.period === id);
  return { ...payload, covers, period, comparable: (id, part) => covers(period(id)[`${part}_starts_on`]) };
}

function filters(data) {
  const { starts_on: from, ends_on: to } = data.period(state.period);
  const sold = [...new Set((data.tables.sales_spans ?? []).filter((row) => row.dimension === "region" && row.region_key === "").map((row) => row.member))];
  const regions = sold.map((key) => [key, regionName(key)]).toSorted(([, a], [, b]) => (a < b ? -1 : 1));
  return h("div", { class: "filters" },
    segmented("period", say("period"), ["mtd", "last_month", "ytd", "last_12"].map((id) => [id, say(`period_${id}`)])),
    dropdown("region", say("region"), [["", say("all_regions")], ...regions]),
    h("p", { class: "sub" }, say("period_range", dayText(from), dayText(to))));
}

function sales(data, redraw) {
  const channels = (data.tables.channels ?? []).map((row) => row.channel).filter((channel) => channel !== "unknown");
  return [
    trend(data),
    filters(data),
    h("div", { class: "grid two" }, isChina(data) ? tiles(data) : headsCard(data), breakdown(data, "region", say("by_region"), [], redraw)),
    h("div", { class: "grid two" }, breakdown(data, "channel", say("by_channel"), channels, redraw), breakdown(data, "product_line", say("by_product_line"), [], redraw)),
    reps(data, redraw),
  ];
}

const SECTIONS = [
  { id: "overview", title: "overview", hidden: true, draw: headline },
  { id: "attention", title: "attention", nav: "nav_attention", draw: attention },
  { id: "review", title: "review", nav: "nav_review", draw: review },
  { id: "targets", title: "targets", draw: targets },
  { id: "sales", title: "sales", nav: "nav_sales", draw: sales, on: ["period", "region", "grain", "order", "map"] },
  { id: "pipeline", title: "pipeline", draw: (data) => [funnel(data), stages(data)], on: ["cohort"] },
  { id: "customers", title: "customers", draw: (data) => [customers(data), segments(data)] },
  { id: "trust", title: "trust", nav: "nav_trust", draw: (data) => [h("div", { class: "grid two" }, freshness(data), quarantine(data), repairs(data), drift(data), refusals(data), capture(data)), accounting(data)] },
];

function keepFocus(change) {
  const key = document.activeElement?.getAttribute?.("data-focus");
  change();
  if (key) document.querySelector(`[data-focus="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

/** One part that fails must not take the others with it. */
function drawn(section, data, redraw) {
  try {
    return section.draw(data, redraw);
  } catch (error) {
    console.error(error);
    return h("div", { class: "card" }, nothing(false, "not_drawn"));
  }
}

function drawSection(section, data) {
  const place = document.getElementById(section.id);
  const redraw = () => keepFocus(() => drawSection(section, data));
  const title = h("h2", { class: section.hidden ? "sr" : null }, say(section.title));
  place.replaceChildren(title, ...[drawn(section, data, redraw)].flat(Infinity).filter(Boolean));
}

function navigation() {
  return h("nav", { "aria-label": say("sections") }, SECTIONS.map((section) => h("a", { href: `#${section.id}`, onclick: (event) => {
    event.preventDefault(); // inside a frame a changed address would be somebody else's history
    document.getElementById(section.id).scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  } }, say(section.nav ?? section.title))));
}

function footer(data) {
  return h("footer", {}, h("p", {}, say("footer")), h("details", {}, h("summary", {}, say("licences")), h("pre", { tabindex: "0" }, data.licences)));
}

function drawAll(data) {
  applyTheme();
  document.documentElement.lang = state.language === "zh" ? "zh-Hans" : "en";
  document.title = pageTitle(data);
  const board = document.getElementById("board");
  const top = scrollY;
  board.replaceChildren(
    h("a", { class: "skip", href: "#overview" }, say("skip")),
    h("header", { class: "page-head" }, header(data)),
    navigation(),
    h("main", {}, SECTIONS.map((section) => h("section", { id: section.id, class: "part", tabindex: "-1" }))),
    footer(data));
  SECTIONS.forEach((section) => drawSection(section, data));
  scrollTo(0, top);
}

async function start() {
  const payload = await readPayload(document.getElementById("payload"));
  const data = withQuestions(payload);
  learnNames(data.tables);
  const company = data.tables.company?.[0];
  setting.currency = /^[A-Z]{3}$/.test(company?.currency ?? "") ? company.currency : null;
  zone.name = company?.time_zone || "UTC";
  restore({ language: payload.language });
  const everything = () => keepFocus(() => drawAll(data));
  onChoice((key) => {
    const section = SECTIONS.find((one) => one.on?.includes(key));
    if (section) keepFocus(() => drawSection(section, data));
    else everything();
  });
  onThemeChange(() => { everything(); resizeAll(); });
  drawAll(data);
  performance.mark("board-drawn");
  document.documentElement.setAttribute("data-ready", "");
}

start().catch((error) => {
  document.getElementById("board").replaceChildren(h("p", { class: "boot", role: "alert" }, `This board could not be drawn. 看板无法显示。 ${error}`));
  throw error;
});
