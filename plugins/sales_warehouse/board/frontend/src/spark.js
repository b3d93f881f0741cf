// A line as small as a word. It has no axis: the card says the figures.
import { svg } from "./dom.js";

const WIDTH = 132;
const HEIGHT = 36;
const EDGE = 4;

export function spark(values, label) {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return null;
  const low = Math.min(...known);
  const span = Math.max(...known) - low || 1;
  const x = (i) => EDGE + (i / (values.length - 1)) * (WIDTH - 2 * EDGE);
  const y = (value) => HEIGHT - EDGE - ((value - low) / span) * (HEIGHT - 2 * EDGE);
  let path = "";
  values.forEach((value, i) => {
    if (value !== null) path += `${path && values[i - 1] !== null ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
  });
  const end = values.findLastIndex((value) => value !== null);
  return svg("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
    svg("path", { d: path, class: "spark-line" }),
    svg("circle", { cx: x(end).toFixed(1), cy: y(values[end]).toFixed(1), r: 3, class: "spark-end" }));
}
