// What the members of the dimensions are called.
import { named, say, spelled } from "./words.js";

const found = { regions: new Map(), channels: new Map(), reps: new Map(), steps: new Map(), metrics: new Map() };

export function learnNames(tables) {
  const index = (rows, key) => new Map((rows ?? []).map((row) => [row[key], row]));
  found.regions = index(tables.regions, "region_key");
  found.channels = index(tables.channels, "channel");
  found.reps = index(tables.reps, "rep_key");
  found.steps = index(tables.funnel, "step");
  found.metrics = index(tables.metrics, "metric_id");
}

const orUnknown = (key, name) => (key === "unknown" || key === null || key === "" ? say("unknown") : name);

export const regionName = (key) => orUnknown(key, named(found.regions.get(key), "region_name") ?? key);
export const channelName = (key) => orUnknown(key, named(found.channels.get(key), "channel_name") ?? spelled(key));
export const productLineName = (key) => orUnknown(key, key);
export const repName = (key) => orUnknown(key, found.reps.get(key)?.rep_name ?? key);
export const repRegion = (key) => found.reps.get(key)?.region_key ?? null;
function stepName(row, key) {
  const name = named(row, "step_name");
  return name && name !== key ? name : spelled(key); // a company's own stage has no name but its id
}

export const stageName = (key) => orUnknown(key, stepName(found.steps.get(key), key));
export const metricName = (id) => named(found.metrics.get(id), "name") ?? spelled(id);
export const metric = (id) => found.metrics.get(id) ?? {};

const MEMBER = { region: regionName, channel: channelName, product_line: productLineName, rep: repName, manager: repName, stage: stageName };
export const memberName = (dimension, key) => (MEMBER[dimension] ?? orUnknown.bind(null, key))(key) ?? say("unknown");

const UP = new Set(["up", "higher", "higher_is_better", "↑", "increase"]);
const DOWN = new Set(["down", "lower", "lower_is_better", "↓", "decrease"]);

/** +1 when more is better, −1 when less is, 0 when the registry does not say. */
export function goodDirection(id) {
  const { direction } = metric(id);
  return UP.has(direction) ? 1 : DOWN.has(direction) ? -1 : 0;
}
