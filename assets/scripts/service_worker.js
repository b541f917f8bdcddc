// The service worker: the page's own files, kept for when there is no network.
//
// Does: keeps every file of one version of the site, checked by hash, and lists of gene names once they were asked
// for; answers from them when the network does not, or when a page of this version asks; brings index.html from the network whenever it can, so that
// nobody stays on an old version.
// Does not know: models (the page's worker keeps those, app/src/shelf.rs), what the files do.
// Flow: browser's requests → here → network or kept files.
//
// `cargo xtask` writes the three constants when it has built the site; with an empty version the page does
// not register this file.
const VERSION = "";
const POLICY = "";
const FILES = {};

// Folder of the site: several sites may share an origin, and caches belong to the origin.
const BASE = new URL("./", self.location.href).href;
const OURS = `wellplate-code ${BASE} `;
const NAME = OURS + VERSION;
// List of bundles: belongs to the site, but changes without the code.
const CATALOGUE = "models/index.json";
// Lists of gene names, which most visits never ask for.
const LATER = "genes/";
// Milliseconds that the network has to bring index.html before the kept one is shown.
const PATIENCE = 3000;

/** Key of a file in a version's cache: the address that pages of this version ask for. */
const key = (path) => `${BASE}${path}?v=${VERSION}`;
/** Address of a file; the page itself is asked for by its folder, because hosts redirect "index.html". */
const address = (path) => (path === "index.html" ? BASE : key(path));

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** An answer made of bytes: whatever the host's headers were, the page's policy holds for it (for the worker
 * too, which no <meta> reaches), and a redirect is forgotten (a page may not be shown from one). */
function answer(bytes, type) {
  return new Response(bytes, { headers: { "Content-Type": type, "Content-Security-Policy": POLICY } });
}

/** Media types; a module script or streamed WebAssembly of another type would be refused. */
function typeOf(path) {
  const types = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8",
    wasm: "application/wasm", json: "application/json", svg: "image/svg+xml", webmanifest: "application/manifest+json" };
  return types[path.split(".").pop()] ?? "application/octet-stream";
}

/** The same file of an older version, if it has the same bytes: an update then downloads only what changed. */
async function unchanged(path, hash) {
  for (const name of (await caches.keys()).filter((name) => name.startsWith(OURS))) {
    const kept = await (await caches.open(name)).match(`${BASE}${path}`, { ignoreSearch: true });
    const bytes = await kept?.arrayBuffer();
    if (bytes && (await sha256(bytes)) === hash) return bytes;
  }
  return undefined;
}

/** The file from the network. A cache on the way may hold an older one: then once more, past it. */
async function fetched(path, hash) {
  for (const cache of ["default", "reload"]) {
    const response = await fetch(address(path), { cache });
    const bytes = response.ok ? await response.arrayBuffer() : new ArrayBuffer(0);
    if ((await sha256(bytes)) === hash) return bytes;
  }
  // The site is being replaced just now, or cannot be had whole. The next visit tries again.
  throw new Error(`${path} is not the one of version ${VERSION}`);
}

async function install() {
  const cache = await caches.open(NAME);
  for (const [path, hash] of Object.entries(FILES)) {
    const bytes = (await unchanged(path, hash)) ?? (await fetched(path, hash));
    await cache.put(key(path), answer(bytes, typeOf(path)));
  }
  await catalogue().catch(() => undefined);
}

/** Removes old versions, but not the last one: a page of it may still be open and ask for its worker. */
async function activate() {
  const names = (await caches.keys()).filter((name) => name.startsWith(OURS) && name !== NAME);
  await Promise.all(names.slice(0, -1).map((name) => caches.delete(name)));
  await self.clients.claim();
  // An open page of another version offers its visitor to reload.
  for (const client of await self.clients.matchAll()) client.postMessage(VERSION);
}

/** The page: from the network while it answers in time, else the kept one. */
async function page(request) {
  const kept = () => caches.match(key("index.html"), { cacheName: NAME });
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("the network is too slow")), PATIENCE));
  try {
    const response = await Promise.race([fetch(request), late]);
    return response.ok ? response : ((await kept()) ?? response);
  } catch {
    return (await kept()) ?? fetch(request);
  }
}

/** A file of the site: of the version that is asked for; without one, the network's while there is any. */
async function file(request, path, version) {
  const kept = (name) => caches.match(`${BASE}${path}`, { cacheName: name, ignoreSearch: true });
  if (version) return (await kept(OURS + version)) ?? fetch(request);
  return fetch(request).catch(async () => (await kept(NAME)) ?? Response.error());
}

/** A file that most visits never ask for: kept once it was had. */
async function later(request) {
  const cache = await caches.open(NAME);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request);
    if (kept) return kept;
    throw error;
  }
}

/** The list of bundles: the newest that can be had. */
async function catalogue() {
  const cache = await caches.open(NAME);
  try {
    const response = await fetch(BASE + CATALOGUE, { cache: "no-cache" });
    if (response.ok) await cache.put(BASE + CATALOGUE, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(BASE + CATALOGUE);
    if (kept) return kept;
    throw error;
  }
}

addEventListener("install", (event) => event.waitUntil(install().then(() => self.skipWaiting())));
addEventListener("activate", (event) => event.waitUntil(activate()));
addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || !url.href.startsWith(BASE)) return;
  const path = url.pathname.slice(new URL(BASE).pathname.length);
  const version = url.searchParams.get("v");
  if (request.mode === "navigate") {
    if (path === "" || path === "index.html") event.respondWith(page(request));
  } else if (path === CATALOGUE) {
    event.respondWith(catalogue());
  } else if (path.startsWith(LATER)) {
    event.respondWith(later(request));
  } else if (version || path in FILES) {
    event.respondWith(file(request, path, version));
  }
});
