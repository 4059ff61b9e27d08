// Messages show as they arrive. Without this file they are as of when the page was loaded.

const messages = document.querySelector("[data-messages]");

const look = async () => {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-messages]");
      // Whoever is about to tap a link keeps it: nothing is replaced unless there is something new.
      if (answer.ok && fresh && fresh.innerHTML !== messages.innerHTML) messages.replaceChildren(...fresh.childNodes);
    } catch {
      // Ops does not answer: the next look may find it back.
    }
  }
  setTimeout(look, 2000);
};

if (messages) setTimeout(look, 2000);
