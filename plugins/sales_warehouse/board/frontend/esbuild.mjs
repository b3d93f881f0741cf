// Bundles src/ into the folder given as the first argument: board.js, board.css, licences.txt.
import { build } from "esbuild";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const target = process.argv[2];
if (!target) throw new Error("usage: node esbuild.mjs <target folder>");

const common = { bundle: true, minify: true, charset: "utf8", logLevel: "warning", target: ["chrome111", "safari16.4", "firefox113"] };

await build({
  ...common,
  entryPoints: ["src/main.js"],
  outfile: join(target, "board.js"),
  format: "iife",
  legalComments: "none", // every licence goes into licences.txt in full, which the page shows
  define: { "process.env.NODE_ENV": '"production"' },
});
await build({ ...common, entryPoints: ["src/board.css"], outfile: join(target, "board.css") });

const notices = [
  ["Apache ECharts", "echarts/NOTICE"],
  ["Apache ECharts", "echarts/LICENSE"],
  ["d3 (parts used by ECharts)", "echarts/licenses/LICENSE-d3"],
  ["zrender", "zrender/LICENSE"],
  ["tslib", "tslib/LICENSE.txt"],
];
const text = notices.map(([name, file]) => `=== ${name} ===\n\n${readFileSync(join("node_modules", file), "utf8").trim()}\n`);
writeFileSync(join(target, "licences.txt"), text.join("\n"));
