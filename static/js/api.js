// The REST API as the pages call it: JSON both ways, with the session's CSRF token.

import { say, toast } from "./dom.js";

/** The answer's body; null, with the server's sentence shown, for a refusal or when it cannot be reached. */
export async function ask(method, address, body) {
  const { "X-CSRFToken": token } = JSON.parse(document.body.getAttribute("hx-headers"));
  const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": token };
  let answer;
  try {
    answer = await fetch(address, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // what fetch says when there is no way to the server
    toast(say("unreachable"), "bad");
    return null;
  }
  if (answer.status === 204) return {};
  const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
  const told = isJson ? await answer.json() : { message: say("failed", { status: answer.status }) };
  if (answer.ok && isJson) return told;
  toast(told.code === "NOT_AUTHENTICATED" ? say("session_ended") : told.message, "bad");
  return null;
}
