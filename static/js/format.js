// Numbers as the Vietnamese board shows them; the same rules as apps/portal/views/formats.py.

const NOTHING = "–";
const MINUS = "\u2212";
const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

function hundredths(value) {
  return `${grouped.format(Math.floor(value / 100))}.${String(value % 100).padStart(2, "0")}`;
}

/** Thousand VND with two decimals; a future in points. No price yet: a dash. */
export function price(vnd, kind = "STOCK") {
  if (!vnd) return NOTHING;
  const text = hundredths(Math.round(Math.abs(vnd) / (kind === "FUTURE" ? 1000 : 10)));
  return vnd < 0 ? MINUS + text : text;
}

/** The number that a chart draws: thousand VND, or points of a future. */
export function chartPrice(vnd, kind = "STOCK") {
  return vnd / (kind === "FUTURE" ? 100000 : 1000);
}

export function quantity(shares) {
  return shares === null || shares === undefined ? NOTHING : signed(shares);
}

const MILLIONS_FROM = 10_000_000;

/** The same in a narrow column: from ten million on in millions, 12.34M, rather than cut off. */
export function shortQuantity(shares) {
  return shares >= MILLIONS_FROM ? `${hundredths(Math.floor(shares / 10_000))}M` : quantity(shares);
}

export function money(vnd, { plus = false } = {}) {
  return vnd === null || vnd === undefined ? NOTHING : signed(vnd, plus);
}

function signed(value, plus = false) {
  return (value < 0 ? MINUS : plus && value > 0 ? "+" : "") + grouped.format(Math.abs(value));
}

export function change(vnd, reference, kind = "STOCK") {
  if (!vnd || !reference) return NOTHING;
  if (vnd === reference) return "0.00";
  return (vnd > reference ? "+" : "") + price(vnd - reference, kind);
}

export function percent(part, whole) {
  if (!whole) return NOTHING;
  const value = Math.round((Math.abs(part) * 10000) / Math.abs(whole));
  return `${value === 0 ? "" : part < 0 !== whole < 0 ? MINUS : "+"}${hundredths(value)}%`;
}

/** Any other number, such as an indicator's: two decimals, or more where it is small. */
export function decimal(value) {
  const digits = Math.abs(value) >= 1 || value === 0 ? 2 : 4;
  return new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: digits }).format(value).replace("-", MINUS);
}

/** An index value given in hundredths of a point. */
export function index(centipoints) {
  return centipoints ? hundredths(centipoints) : NOTHING;
}

export function indexChange(centipoints) {
  if (centipoints === null) return NOTHING;
  return (centipoints < 0 ? MINUS : centipoints > 0 ? "+" : "") + hundredths(Math.abs(centipoints));
}

/** Billion VND with one decimal. */
export function billions(vnd) {
  if (!vnd) return NOTHING;
  const tenths = Math.round(vnd / 1e8);
  return `${grouped.format(Math.floor(tenths / 10))}.${tenths % 10}`;
}

export function priceClass(vnd, quote) {
  if (!vnd || !quote.ref) return "c-none";
  if (quote.ceil && vnd >= quote.ceil) return "c-ceiling";
  if (quote.floor && vnd <= quote.floor) return "c-floor";
  if (vnd === quote.ref) return "c-reference";
  return vnd > quote.ref ? "c-up" : "c-down";
}

export function signClass(value) {
  if (!value) return "c-none";
  return value > 0 ? "c-up" : "c-down";
}

const COLOURS = ["c-ceiling", "c-floor", "c-reference", "c-up", "c-down", "c-none"];

export function setColour(element, name) {
  if (element.classList.contains(name)) return;
  element.classList.remove(...COLOURS);
  element.classList.add(name);
}

/** 10:15:03 in Ho Chi Minh City (no daylight saving: always UTC+7). */
export function clock(ms, { seconds = true } = {}) {
  return new Date(ms + 7 * 3600e3).toISOString().slice(11, seconds ? 19 : 16);
}

export function day(ms) {
  const [year, month, date] = new Date(ms + 7 * 3600e3).toISOString().slice(0, 10).split("-");
  return `${date}/${month}/${year}`;
}
