// A page that grows while one looks: told that something is new, it fetches itself and takes over what is.
// Without this file it is as of when it was loaded.

const followed = document.querySelector("[data-follow]");
const told = document.querySelector("[data-told]");

let last;
let again = false;
let fetching = false;

const words = (entry) => entry.textContent.replace(/\s+/g, " ").trim();

const replace = (old, fresh) => {
  if (old.innerHTML === fresh.innerHTML) return;
  const focused = old.contains(document.activeElement) ? words(document.activeElement) : null;
  old.replaceChildren(...fresh.childNodes);
  // Whoever is on a button or a link stays on it, or where it was.
  if (focused === null) return;
  const same = [...old.querySelectorAll("button, a, summary")].find((each) => words(each) === focused);
  if (same) return same.focus();
  old.tabIndex = -1;
  old.focus();
};

const grow = (list, fresh) => {
  const known = new Set([...list.children].map(words));
  const added = [];
  [...fresh.children].forEach((entry, number) => {
    if (known.has(words(entry))) return;
    added.push(words(entry));
    list.insertBefore(entry, list.children[number] ?? null);
  });
  if (added.length) told.textContent = `New: ${added.slice(-3).join(" ")}`;
};

const take = async () => {
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  try {
    const answer = await fetch(followed.dataset.page, { headers: { Accept: "text/html" } });
    if (answer.ok && !answer.redirected) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-part]")) {
        const fresh = page.querySelector(`[data-part="${part.dataset.part}"]`);
        if (fresh) replace(part, fresh);
      }
      const list = page.querySelector("[data-entries]");
      if (list) grow(document.querySelector("[data-entries]"), list);
    }
  } catch {
    // The next word of ops tries again.
    last = undefined;
  } finally {
    fetching = false;
  }
  if (again) {
    again = false;
    take();
  }
};

const listen = () => {
  const events = new EventSource(followed.dataset.follow);
  events.addEventListener("changed", ({ data }) => {
    if (data === last) return;
    last = data;
    take();
  });
  events.addEventListener("error", () => {
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 2000 + 2000 * Math.random());
  });
};

if (followed) listen();
