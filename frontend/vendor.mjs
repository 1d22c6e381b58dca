// Copies the pinned packages' files to static/vendor/<name>/<version>/ with their licences, builds the icon sprite
// from the icons that the pages use, and writes the manifest of hashes that the tests compare.
// Run by `npm run build` after `npm install --ignore-scripts --no-package-lock`.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const vendor = join(root, "static", "vendor");
const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const COPIES = [
  { package: "lightweight-charts", as: "lightweight-charts", files: { "dist/lightweight-charts.standalone.production.mjs": "lightweight-charts.mjs", LICENSE: "LICENSE" } },
  {
    package: "@fontsource-variable/inter",
    as: "inter",
    files: {
      "files/inter-latin-wght-normal.woff2": "inter-latin-wght-normal.woff2",
      "files/inter-vietnamese-wght-normal.woff2": "inter-vietnamese-wght-normal.woff2",
      LICENSE: "LICENSE",
    },
  },
  { package: "lucide-static", as: "lucide", files: { LICENSE: "LICENSE" } },
];

// Apache-2.0, section 4(d): the notice of the work travels with it.
const CHART_NOTICE = "TradingView Lightweight Charts™\nCopyright (c) 2025 TradingView, Inc. https://www.tradingview.com/\n";

const ICONS = [
  "activity", "bell", "bot", "check", "chevron-down", "chevron-left", "chevron-right", "circle-alert", "circle-check", "clock", "eye",
  "house", "inbox", "info", "languages", "layers", "list-filter", "list-ordered", "log-out", "menu", "moon",
  "octagon-x", "palette", "play", "power", "search", "server", "settings", "shield", "shield-alert", "square", "star",
  "sun", "table-2", "trending-up", "triangle-alert", "user", "wallet", "wifi-off", "x", "zap", "arrow-right", "ban", "circle-help",
];

function sprite() {
  const symbols = ICONS.map((name) => {
    const svg = readFileSync(join(root, "node_modules", "lucide-static", "icons", `${name}.svg`), "utf8");
    const inner = svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").replace(/\s*\n\s*/g, "");
    return `<symbol id="${name}" viewBox="0 0 24 24">${inner}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
}

rmSync(vendor, { recursive: true, force: true });
const manifest = {};
function record(relative, content) {
  const target = join(vendor, relative);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content);
  manifest[relative] = createHash("sha256").update(content).digest("hex");
}

for (const copy of COPIES) {
  const version = devDependencies[copy.package];
  for (const [from, to] of Object.entries(copy.files)) {
    record(join(copy.as, version, to), readFileSync(join(root, "node_modules", copy.package, from)));
  }
}
record(join("lightweight-charts", devDependencies["lightweight-charts"], "NOTICE"), CHART_NOTICE);
record(join("lucide", devDependencies["lucide-static"], "icons.svg"), sprite());
const sorted = Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => a.localeCompare(b)));
writeFileSync(join(vendor, "manifest.json"), JSON.stringify(sorted, null, 2) + "\n");
console.log(`${Object.keys(sorted).length} files in static/vendor`);
