// Comfort only: every page works without this file.

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
  });
}

for (const form of document.querySelectorAll("[data-total]")) {
  const inputs = [...form.querySelectorAll("[data-satoshis]")];
  const sum = form.querySelector("[data-sum]");
  const idle = sum.textContent;
  const show = () => {
    let pizzas = 0;
    let satoshis = 0;
    for (const input of inputs) {
      const count = Math.max(0, Math.trunc(Number(input.value)) || 0);
      pizzas += count;
      satoshis += count * Number(input.dataset.satoshis);
    }
    const decimals = String(satoshis % 1e8).padStart(8, "0").replace(/0{1,4}$/, "");
    const price = `${Math.trunc(satoshis / 1e8)}.${decimals}\u00a0BTC`;
    sum.textContent = pizzas ? `${pizzas} ${pizzas === 1 ? "pizza" : "pizzas"} · ${price}` : idle;
  };
  for (const button of form.querySelectorAll("[data-step]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const input = button.parentElement.querySelector("input");
      if (Number(button.dataset.step) > 0) input.stepUp();
      else input.stepDown();
      show();
    });
  }
  form.addEventListener("input", show);
  show();
}
