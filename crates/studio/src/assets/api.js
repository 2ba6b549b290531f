// Requests to the server, and the events that it sends.

const token = document.querySelector('meta[name="composer-token"]').content;

async function request(method, path, body, type) {
  const headers = { "X-Composer-Token": token };
  if (type) headers["Content-Type"] = type;
  let response;
  try {
    response = await fetch(path, { method, headers, body });
  } catch {
    throw new Error("The studio does not answer: is it still running in the terminal?");
  }
  if (response.ok) return response;
  let text = `the studio answered with ${response.status}`;
  try {
    text = (await response.json()).error || text;
  } catch { /* The answer has no sentence. */ }
  const error = new Error(text);
  error.status = response.status;
  throw error;
}

export const get = async (path) => (await request("GET", path)).json();

export const post = async (path, data = {}) =>
  (await request("POST", path, JSON.stringify(data), "application/json")).json();

export const remove = async (path) => (await request("DELETE", path)).json();

// Sends a file as it is.
export const send = async (path, file) => (await request("POST", path, file, "application/octet-stream")).json();

export const bytes = async (path) => (await request("GET", path)).arrayBuffer();

export async function open(file) {
  const path = `/api/open?name=${encodeURIComponent(file.name)}`;
  return send(path, file);
}

// Downloads what a route gives, under the name that it says.
export async function download(path) {
  const response = await request("GET", path);
  const name = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") || "");
  save(await response.blob(), name ? name[1] : "music");
}

export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// Calls `handle(name, data)` for every event, for ever; `opened` after each connection, `lost` when one ends.
export async function listen(handle, opened, lost) {
  for (let pause = 300; ; pause = Math.min(2 * pause, 5000)) {
    try {
      const response = await request("GET", "/api/events");
      pause = 150;
      await opened();
      await read(response.body.getReader(), handle);
    } catch (error) {
      if (error.status === 403) location.reload();
    }
    lost();
    await new Promise((done) => { setTimeout(done, pause); });
  }
}

async function read(reader, handle) {
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += decoder.decode(value, { stream: true });
    const events = rest.split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const found = /^event: (.*)\ndata: (.*)$/.exec(event);
      if (found) handle(found[1], JSON.parse(found[2]));
    }
  }
}
