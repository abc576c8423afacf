/**
 * Fetches on a connection of its own. A server closes those that idle for 5 s, and the request that is sent at that moment fails: a browser sends
 * it again, `fetch` doesn't.
 */
export async function fetchAnew(url: string | URL, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("Connection", "close");
  return fetch(url, { ...init, headers });
}
