// Keeps the site in the browser, so that it works without a network after the first visit. VERSION, NOW and LATER stand
// above: a new version of the site is another text of this file.
const NAME = `convdsl-${VERSION}`;
const fresh = (path) => new Request(path === "index.html" ? "./" : path, { cache: "no-cache" });

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(NAME)
      .then((cache) => cache.addAll(NOW.map(fresh)))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((n) => n.startsWith("convdsl-") && !n.endsWith(VERSION)).map((n) => caches.delete(n))))
      .then(() => self.clients.claim()),
  );
});

// The page asks for the rest when it has nothing better to do.
self.addEventListener("message", (event) => {
  if (event.data !== "later") return;
  event.waitUntil(caches.open(NAME).then((cache) => Promise.all(LATER.map(async (path) => (await cache.match(path)) || cache.add(fresh(path))))));
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  event.respondWith(
    caches
      .open(NAME)
      .then((cache) => cache.match(url.pathname.endsWith("/index.html") ? "./" : event.request, { ignoreSearch: true }))
      .then((found) => found || fetch(event.request)),
  );
});
