// The overview's parts, replaced as they change. Without this file they are as of when the page was loaded.

const live = document.querySelector("[data-live]");
const state = document.querySelector("[data-live-state]");

let lost;
let lastHeard = new Date();

const tell = (text) => {
  if (state.textContent !== text) state.textContent = text;
};

const replace = (old, fresh) => {
  if (old.innerHTML === fresh.innerHTML) return;
  // Whoever is on a link stays on it.
  const link = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  old.replaceChildren(...fresh.childNodes);
  if (link) old.querySelector(`[href="${CSS.escape(link)}"]`)?.focus();
};

const listen = () => {
  const events = new EventSource(live.dataset.live);
  const heard = () => {
    clearTimeout(lost);
    lost = undefined;
    lastHeard = new Date();
    tell("Live.");
  };
  events.addEventListener("open", heard);
  events.addEventListener("overview", ({ data }) => {
    heard();
    const fresh = new DOMParser().parseFromString(data, "text/html");
    for (const part of fresh.querySelectorAll("[data-part]")) {
      const old = live.querySelector(`[data-part="${part.dataset.part}"]`);
      if (old) replace(old, part);
    }
  });
  events.addEventListener("error", () => {
    // A look ends after a while, and the next begins within a second: that is not worth a word.
    lost ??= setTimeout(() => tell(`Not live: ops was last heard at ${lastHeard.toISOString().slice(11, 19)} UTC. Trying again.`), 4000);
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 2000 + 2000 * Math.random());
  });
};

if (live) listen();
