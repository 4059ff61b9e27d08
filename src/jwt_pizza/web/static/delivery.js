// Watching an order in the oven, and checking its pizza without asking anybody but the published keys.

const following = document.querySelector("[data-follow]");
if (following) {
  const events = new EventSource(following.dataset.follow);
  events.addEventListener("status", (event) => {
    if (event.data === "held") return;
    events.close();
    location.reload();
  });
  events.addEventListener("error", () => {
    // Refused, not merely interrupted: then it is asked for again by hand.
    if (events.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3000);
  });
}

if (document.querySelector("[data-delivered]")) localStorage.removeItem("basket");

const button = document.querySelector("[data-verify]");
if (button && globalThis.crypto?.subtle) {
  const token = document.getElementById("jwt");
  const verdict = document.getElementById("verdict");
  const bytes = (part) => Uint8Array.from(atob(part.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const read = (part) => JSON.parse(new TextDecoder().decode(bytes(part)));

  const kept = () => { try { return JSON.parse(localStorage.getItem("keys") || "[]"); } catch { return []; } };
  // Asked for as soon as the page is here, and kept: so that the button also works offline.
  const fetched = fetch("/keys.json").then((answer) => answer.json()).then((set) => {
    localStorage.setItem("keys", JSON.stringify(set.keys));
    return set.keys;
  }).catch(kept);

  const check = async () => {
    const [header, payload, signature] = token.textContent.trim().split(".");
    const { alg, kid } = read(header);
    if (alg !== "ES256") return [false, `It is signed with ${alg}, which no oven of ours does.`];
    const jwk = (await fetched).find((key) => key.kid === kid);
    if (!jwk) return [false, "No published key has the name that it gives."];
    const key = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
    const signed = new TextEncoder().encode(`${header}.${payload}`);
    const genuine = await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, bytes(signature), signed);
    if (!genuine) return [false, "The signature does not match what it says."];
    const pizza = read(payload);
    if (String(pizza.order.id) !== token.dataset.order) return [false, "It is genuine, but it is another order’s."];
    if (pizza.exp * 1000 <= Date.now()) return [false, "It is genuine, but no longer fresh."];
    return [true, `Checked in this browser${navigator.onLine ? "" : ", offline"}, with the factory’s public key: signed for this order, and unchanged.`];
  };

  button.hidden = false;
  button.addEventListener("click", async () => {
    const [good, why] = await check().catch(() => [false, "It cannot even be read."]);
    const notice = document.createElement("p");
    notice.className = `notice ${good ? "good" : "bad"}`;
    const word = document.createElement("strong");
    word.textContent = good ? "Valid. " : "Not valid. ";
    notice.append(word, why);
    verdict.replaceChildren(notice);
  });
}
