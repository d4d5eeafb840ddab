// What the page asks of the daemon. The session travels in a cookie that no script can read.

export class Refused extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

let onSignedOut = () => {};
export const whenSignedOut = (then) => (onSignedOut = then);

async function send(method, path, body, more) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: { "X-Pingjing-Console": "1", ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
      ...more,
    });
  } catch {
    throw new Refused(0, "offline");
  }
  const text = await response.text();
  const answer = text.startsWith("{") ? JSON.parse(text) : { detail: text };
  if (response.ok) return answer;
  if (response.status === 401 && path !== "/console/session") onSignedOut();
  throw new Refused(response.status, answer.detail ?? response.statusText);
}

export const get = (path) => send("GET", path);
export const post = (path, body = {}, more = {}) => send("POST", path, body, more);
export const remove = (path) => send("DELETE", path);

// Of several, those that this person may see; the others are null.
export const maybe = (path) =>
  get(path).catch((error) => {
    if (error.status === 403 || error.status === 404) return null;
    throw error;
  });

export const query = (path, parameters) => {
  const asked = new URLSearchParams(
    Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== ""),
  );
  return asked.size ? `${path}?${asked}` : path;
};

// Says that something changed: "alarm" or "change", "back" when the line was down for a while.
export function listen(heard) {
  const source = new EventSource("/console/events");
  let broken = false;
  source.addEventListener("alarm", () => heard("alarm"));
  source.addEventListener("change", () => heard("change"));
  source.addEventListener("open", () => (heard(broken ? "back" : "open"), (broken = false)));
  source.addEventListener("error", () => (heard("down"), (broken = true)));
  return source;
}
