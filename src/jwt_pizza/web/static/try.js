// Comfort only: calls of the API from the page that describes them.

const PATIENCE = 15_000;
const token = document.querySelector("[data-token]");
token.hidden = false;
token.addEventListener("submit", (event) => event.preventDefault());

function request(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  const headers = new Headers();
  let body;
  for (const field of form.querySelectorAll("[data-in]")) {
    if (!field.value) continue;
    const place = field.dataset.in;
    if (place === "path") path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
    else if (place === "query") query.append(field.name, field.value);
    else if (place === "header") headers.set(field.name, field.value);
    else if (place === "body") {
      body = field.value;
      headers.set("Content-Type", "application/json");
    }
  }
  const secret = token.querySelector("input").value.trim();
  if (secret) headers.set("Authorization", `Bearer ${secret}`);
  // What the browser would send by itself is no part of the API.
  const options = { method: form.dataset.try, headers, body, credentials: "omit", signal: AbortSignal.timeout(PATIENCE) };
  return fetch(query.size ? `${path}?${query}` : path, options);
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function attempt(form) {
  const status = form.querySelector("[data-status]");
  const answer = form.querySelector("[data-answer]");
  const began = performance.now();
  let text = "";
  try {
    const response = await request(form);
    text = pretty(await response.text());
    status.textContent = `${response.status} in ${Math.round(performance.now() - began)} ms`;
    status.className = `status ${response.ok ? "good" : "bad"}`;
  } catch (error) {
    status.textContent = `No answer: ${error.message}`;
    status.className = "status bad";
  }
  status.hidden = false;
  answer.textContent = text;
  answer.hidden = !text;
}

for (const form of document.querySelectorAll("[data-try]")) {
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    await attempt(form);
    button.disabled = false;
    button.focus();
  });
}

function unfold() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.matches("details")) target.open = true;
}
addEventListener("hashchange", unfold);
unfold();
