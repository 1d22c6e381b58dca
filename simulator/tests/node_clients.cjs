// Runs SSI's own Node clients against a simulator and prints what they got, as one line of JSON.
// usage: node node_clients.cjs <folder with node_modules> <base URL> <credentials as JSON>
"use strict";

const { createRequire } = require("node:module");
const path = require("node:path");

const [folder, url, credentialsText] = process.argv.slice(2);
const load = createRequire(path.join(folder, "package.json"));
const fcdata = load("ssi-fcdata");
const fctrading = load("ssi-fctrading");
const credentials = JSON.parse(credentialsText);
const ACCOUNT = "0901351";
console.log = () => {}; // the clients are talkative, with secrets

const found = { data: {}, trading: {}, dataStream: [], events: [] };

async function call(endpoint, { token, body, query, signature } = {}) {
  const search = query ? "?" + new URLSearchParams(query) : "";
  const headers = { "Content-Type": "application/json" };
  if (token) headers.Authorization = "Bearer " + token;
  if (signature) headers["X-Signature"] = signature;
  const answered = await fetch(url + endpoint + search, {
    method: body === undefined ? "GET" : "POST",
    headers,
    body,
  });
  return { http: answered.status, ...(await answered.json()) };
}

async function until(isThere, what) {
  const deadline = Date.now() + 20000;
  while (!isThere()) {
    if (Date.now() > deadline) throw new Error("never came: " + what);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function marketData() {
  const keys = { consumerID: credentials.data.consumer_id, consumerSecret: credentials.data.consumer_secret };
  const login = await call(fcdata.api.GET_ACCESS_TOKEN, { body: JSON.stringify(keys) });
  const token = login.data.accessToken;
  const days = { symbol: "SSI", fromDate: "20/11/2026", toDate: "20/11/2026", pageIndex: 1, pageSize: 10 };
  const queries = {
    GET_SECURITIES_LIST: { "lookupRequest.market": "HOSE", "lookupRequest.pageIndex": 1, "lookupRequest.pageSize": 10 },
    GET_SECURITIES_DETAILs: { market: "HOSE", symbol: "SSI", pageIndex: 1, pageSize: 10 },
    GET_INDEX_COMPONENTS: { indexCode: "VN30", pageIndex: 1, pageSize: 10 },
    GET_INDEX_LIST: { exchange: "HOSE", pageIndex: 1, pageSize: 10 },
    GET_DAILY_OHLC: { ...days, ascending: true },
    GET_INTRADAY_OHLC: { ...days, ascending: true, resolution: 1 },
    GET_DAILY_INDEX: { ...days, indexId: "VN30", requestId: 1 },
    GET_DAILY_STOCKPRICE: { ...days, market: "HOSE" },
  };
  for (const [name, query] of Object.entries(queries)) {
    found.data[name] = await call(fcdata.api[name], { token, query });
  }
  found.data.GET_ACCESS_TOKEN = { status: login.status };
  found.dataCalls = Object.keys(fcdata.api).filter((name) => name !== "SIGNALR");

  fcdata.initStream({ url, token: fcdata.constants.AUTHORIZATION_SCHEME + " " + token });
  fcdata.bind(fcdata.events.onData, (message) => found.dataStream.push(JSON.parse(message)));
  fcdata.bind(fcdata.events.onConnected, () => fcdata.switchChannel("F:ALL,X-QUOTE:ALL,X-TRADE:SSI,X:SSI,R:SSI,MI:ALL,OL:SSI"));
  fcdata.start();
  const kinds = () => new Set(found.dataStream.map((message) => message.DataType)).size;
  await until(() => kinds() === 7, "a snapshot of seven channels");
}

function signed(endpoint, token, fields) {
  const body = JSON.stringify(fields);
  return call(endpoint, { token, body, signature: fctrading.sign(body, credentials.customer.private_key) });
}

async function trading() {
  const { api } = fctrading;
  const keys = { consumerID: credentials.customer.consumer_id, consumerSecret: credentials.customer.consumer_secret };
  const logins = { twoFactorType: 0, code: credentials.customer.pin, isSave: true };
  const login = await call(api.GET_ACCESS_TOKEN, { body: JSON.stringify({ ...keys, ...logins }) });
  const token = login.data.accessToken;
  found.trading.GET_ACCESS_TOKEN = { status: login.status };
  found.trading.GET_OTP = await call(api.GET_OTP, { body: JSON.stringify(keys) });

  const { events } = fctrading;
  fctrading.initStream({ url, access_token: token, notify_id: 0 });
  for (const event of [events.onOrderUpdate, events.onOrderMatch, events.onOrderError]) {
    fctrading.bind(event, (_, message) => found.events.push(message));
  }
  fctrading.start();

  const common = { account: ACCOUNT, instrumentID: "SSI", buySell: "B", deviceId: "8C-EC-4B-D3-0B-96", userAgent: fctrading.getUserAgent() };
  const placed = { ...common, market: "VN", orderType: "LO", price: 33350, quantity: 100, channelID: "TA", code: "", stopOrder: false, stopPrice: 0, stopType: "", stopStep: 0, lossStep: 0, profitStep: 0 };
  const last = (status) => found.events.findLast((event) => event.data.orderStatus === status);
  found.trading.NEW_ORDER = await signed(api.NEW_ORDER, token, { ...placed, requestID: "1" });
  await until(() => last("QU"), "QU");
  const change = { ...common, marketID: "VN", orderID: last("QU").data.orderID, orderType: "LO", price: 33400, quantity: 100 };
  found.trading.MODIFY_ORDER = await signed(api.MODIFY_ORDER, token, { ...change, requestID: "2" });
  await until(() => last("QU").data.price === 33400, "the new price");
  found.trading.CANCEL_ORDER = await signed(api.CANCEL_ORDER, token, { ...change, requestID: "3" });
  await until(() => last("CL"), "CL");
  // of contracts: answered by the gateway, and refused later on the stream where none is listed
  const contract = { ...placed, account: "0901358", instrumentID: "VN30F9999", market: "VNFE", price: 1900 };
  found.trading.DER_NEW_ORDER = await signed(api.DER_NEW_ORDER, token, { ...contract, requestID: "4" });
  const other = { ...change, account: "0901358", marketID: "VNFE", orderID: "0" };
  found.trading.DER_MODIFY_ORDER = await signed(api.DER_MODIFY_ORDER, token, { ...other, requestID: "5" });
  found.trading.DER_CANCEL_ORDER = await signed(api.DER_CANCEL_ORDER, token, { ...other, requestID: "6" });
  await until(() => found.events.some((event) => event.type === "orderError"), "orderError");

  const accounts = { GET_DER_POSITION: "0901358", GET_DER_ACCOUNT_BALANCE: "0901358", GET_PPMMRACCOUNT: "0901356" };
  const more = { startDate: "23/11/2026", endDate: "23/11/2026", instrumentID: "SSI", price: 33350, querySummary: true };
  for (const name of Object.keys(api).filter((one) => one.startsWith("GET_") && !(one in found.trading))) {
    found.trading[name] = await call(api[name], { token, query: { account: accounts[name] || ACCOUNT, ...more } });
  }
  found.tradingCalls = Object.keys(api).filter((name) => name !== "SIGNALR");
}

marketData()
  .then(trading)
  .then(
    () => process.stdout.write(JSON.stringify(found) + "\n", () => process.exit(0)),
    (error) => process.stderr.write(String(error.stack) + "\n", () => process.exit(1)),
  );
