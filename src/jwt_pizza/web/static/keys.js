// Comfort only: keys that lead where links lead. `?` shows them, and they can be turned off in this browser.

const dialog = document.querySelector("[data-keys-dialog]");
const links = new Map([...document.querySelectorAll("[data-keys]")].map((link) => [link.dataset.keys, link]));
const off = () => localStorage.getItem("keys-off") === "yes";
let before = "";

for (const button of document.querySelectorAll("[data-keys-switch]")) {
  const say = () => { button.textContent = off() ? "Turn these keys on" : "Turn these keys off"; };
  button.hidden = false;
  say();
  button.addEventListener("click", () => {
    localStorage.setItem("keys-off", off() ? "no" : "yes");
    say();
  });
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, select, textarea, [contenteditable]");
  if (typing || off() || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === "Shift") return;
  const keys = before ? `${before} ${event.key}` : event.key;
  before = "";
  if (event.key === "?" && dialog) {
    if (!dialog.open) dialog.showModal();
    event.preventDefault();
  } else if (links.has(keys)) {
    links.get(keys).click();
    event.preventDefault();
  } else if (event.key === "g") {
    before = "g";
    setTimeout(() => { before = ""; }, 1500);
  }
});
