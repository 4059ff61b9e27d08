// The sum while choosing, a basket that survives a reload, and a filter for many stores.

const form = document.querySelector("[data-total]");
const inputs = [...form.querySelectorAll("[data-satoshis]")];
const sum = form.querySelector("[data-sum]");
const store = form.elements.store;
const idle = sum.textContent;
const count = (input) => Math.max(0, Math.trunc(Number(input.value)) || 0);

const show = () => {
  let pizzas = 0;
  let satoshis = 0;
  for (const input of inputs) {
    pizzas += count(input);
    satoshis += count(input) * Number(input.dataset.satoshis);
  }
  const decimals = String(satoshis % 1e8).padStart(8, "0").replace(/0{1,4}$/, "");
  const price = `${Math.trunc(satoshis / 1e8)}.${decimals}\u00a0BTC`;
  sum.textContent = pizzas ? `${pizzas} ${pizzas === 1 ? "pizza" : "pizzas"} · ${price}` : idle;
};

const keep = () => {
  const basket = { store: store.value, pizzas: {} };
  for (const input of inputs) if (count(input)) basket.pizzas[input.name] = count(input);
  localStorage.setItem("basket", JSON.stringify(basket));
};

const restore = () => {
  if (inputs.some(count)) return;
  let basket;
  try { basket = JSON.parse(localStorage.getItem("basket") || "{}"); } catch { return; }
  for (const input of inputs) if (basket.pizzas?.[input.name]) input.value = basket.pizzas[input.name];
  if (basket.store && !store.value && [...store.options].some((option) => option.value === basket.store)) store.value = basket.store;
};

for (const button of form.querySelectorAll("[data-step]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const input = button.parentElement.querySelector("input");
    if (Number(button.dataset.step) > 0) input.stepUp();
    else input.stepDown();
    show();
    keep();
  });
}
form.addEventListener("input", () => { show(); keep(); });
restore();
show();

const filter = form.querySelector("[data-filter]");
if (store.options.length > 8) {
  const all = [...store.querySelectorAll("optgroup")].map((group) => [group, [...group.children]]);
  const words = filter.querySelector("input");
  filter.hidden = false;
  words.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  words.addEventListener("input", (event) => {
    event.stopPropagation();
    const sought = words.value.trim().toLocaleLowerCase();
    const chosen = store.value;
    for (const [group, options] of all) {
      const found = options.filter((option) => `${group.label} ${option.text}`.toLocaleLowerCase().includes(sought));
      group.replaceChildren(...found);
      group.hidden = !found.length;
    }
    store.value = chosen;
    if (store.selectedIndex < 0) store.selectedIndex = 0;
  });
}
