// The query API: one place that fetches, that carries the token against forged requests, and that knows its refusals.
export class Refusal extends Error {
  /** What the API refused: `code` is stable, `detail` is for people. */
  constructor(status, code, detail, retrySeconds) {
    super(detail || code);
    Object.assign(this, { status, code, detail, retrySeconds });
  }
}

let session = null;

/** Asked once for a page; `isAnew` asks again. */
export async function currentSession(isAnew = false) {
  if (isAnew || !session) session = await get("/api/session");
  return session;
}

export const get = (path, parameters, signal) => request(path + query(parameters), { signal });

export async function send(method, path, body) {
  const { csrf_token: token } = await currentSession();
  const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
  return request(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
}

export async function logIn(account, password) {
  session = await send("POST", "/api/login", { account, password });
  return session;
}

export async function logOut() {
  await send("POST", "/api/logout");
  session = null;
}

export function query(parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

/** A file of the API, whose refusal has words: a link alone would only show a download that failed. */
export const getFile = (path) => request(path, {}, (response) => response.blob());

async function request(path, options, read = (response) => response.json()) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, "unreachable", "The server does not answer.");
  }
  if (response.ok) return response.status === 204 ? null : read(response);
  const problem = await response.json().catch(() => ({}));
  const refusal = new Refusal(response.status, problem.code ?? "internal", problem.detail ?? problem.title, Number(response.headers.get("Retry-After")) || null);
  if (refusal.code === "login_required") toLogin();
  throw refusal;
}

export function toLogin() {
  const here = location.pathname + location.search;
  location.assign(`/login?next=${encodeURIComponent(here)}`);
}
