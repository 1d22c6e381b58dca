// One WebSocket client for all live data: subscribe, snapshot, sequence check, reconnect with growing pauses.
//
// The server sends {channel, seq, data}: after a subscription a snapshot with seq 0, then changes, seq growing by one
// within the channel. A gap means that something was lost: the channel is subscribed to again for a new snapshot.

const MARKETS = "/ws/markets"; // of the market that the page shows: the live one, or a day that is played again
const PAUSE_MS_MIN = 500;
const PAUSE_MS_MAX = 15000;
const SESSION_ENDED = [4401, 4403];
const REPLAY_OVER = 4410;
const sockets = new Map();

class LiveSocket extends EventTarget {
  constructor(path) {
    super();
    this.path = path;
    this.subscriptions = new Map(); // channel -> {scope, handlers, seq}
    this.pauseMs = PAUSE_MS_MIN;
    this.state = "connecting";
    this.retryAt = 0;
    this.heardAt = Date.now();
    this.connect();
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.socket = new WebSocket(`${scheme}://${location.host}${this.path}`);
    this.socket.addEventListener("open", () => this.opened());
    this.socket.addEventListener("message", (event) => this.received(JSON.parse(event.data)));
    this.socket.addEventListener("close", (event) => this.closed(event.code));
  }

  opened() {
    this.heardAt = Date.now();
    this.setState("live");
    for (const channel of this.subscriptions.keys()) this.ask(channel);
  }

  closed(code) {
    if (code === REPLAY_OVER) {
      this.setState("over");
      return;
    }
    if (SESSION_ENDED.includes(code)) {
      this.setState(code === 4401 ? "ended" : "refused");
      return;
    }
    // Full jitter: after a restart of the server not every browser comes back in the same moment.
    const waitMs = Math.round(this.pauseMs * (0.5 + Math.random() / 2));
    this.pauseMs = Math.min(this.pauseMs * 2, PAUSE_MS_MAX);
    this.retryAt = Date.now() + waitMs;
    this.setState("reconnecting");
    this.timer = setTimeout(() => this.connect(), waitMs);
  }

  retryNow() {
    if (this.state !== "reconnecting" || this.socket.readyState === WebSocket.CONNECTING) return;
    clearTimeout(this.timer);
    this.connect();
  }

  setState(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }

  /** `scope` is {symbols: [...]} or {accounts: [...]} or {}; the handler gets (data, isSnapshot). */
  subscribe(channel, scope, handler) {
    const known = this.subscriptions.get(channel);
    if (known) {
      known.handlers.push(handler);
      known.scope = merged(known.scope, scope);
    } else {
      this.subscriptions.set(channel, { scope, handlers: [handler], seq: null });
    }
    if (this.socket.readyState === WebSocket.OPEN) this.ask(channel);
  }

  /** Another scope in the place of the one before, for all who listen to the channel; a new snapshot follows. */
  rescope(channel, scope) {
    const known = this.subscriptions.get(channel);
    known.scope = scope;
    if (this.socket.readyState === WebSocket.OPEN) this.ask(channel);
  }

  unsubscribe(channel) {
    if (!this.subscriptions.delete(channel) || this.socket.readyState !== WebSocket.OPEN) return;
    this.socket.send(JSON.stringify({ action: "unsubscribe", channel }));
  }

  ask(channel) {
    const subscription = this.subscriptions.get(channel);
    subscription.seq = null;
    this.socket.send(JSON.stringify({ action: "subscribe", channel, ...subscription.scope }));
  }

  received(message) {
    this.heardAt = Date.now();
    const subscription = this.subscriptions.get(message.channel);
    if (!subscription) return;
    const isSnapshot = message.seq === 0;
    if (!isSnapshot && subscription.seq === null) return; // a change from before the snapshot that was asked for
    if (!isSnapshot && message.seq !== subscription.seq + 1) {
      this.ask(message.channel);
      return;
    }
    subscription.seq = message.seq;
    this.pauseMs = PAUSE_MS_MIN; // not when it opens: a server in trouble opens sockets and closes them at once
    for (const handler of subscription.handlers) handler(message.data, isSnapshot);
  }
}

function merged(first, second) {
  const result = { ...first };
  for (const [key, values] of Object.entries(second)) result[key] = [...new Set([...(result[key] ?? []), ...values])];
  return result;
}

/** A network may go without a word. One socket that should speak each second tells whether all are still there. */
export function reconnectIfSilent(witness, silentMsMax) {
  if (witness.state !== "live" || Date.now() - witness.heardAt < silentMsMax) return;
  for (const socket of sockets.values()) socket.socket.close();
}

/** The one socket of a path, shared by everything on the page. */
export function live(path) {
  if (path === MARKETS && document.body.dataset.market) return live(`${MARKETS}?market=${document.body.dataset.market}`);
  if (!sockets.has(path)) sockets.set(path, new LiveSocket(path));
  return sockets.get(path);
}

for (const moment of ["online", "focus"]) {
  window.addEventListener(moment, () => sockets.forEach((socket) => socket.retryNow()));
}
