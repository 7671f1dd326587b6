// Our button on a shop's page: it opens the checkout in a window of its own, looks how it stands, and tells the one page that may know.
const main = document.querySelector("main[data-checkout]");
const pay = document.getElementById("pay");
const said = document.getElementById("said");
if (main && pay && window.parent !== window) {
  const EVERY_MS = 2000, LOOKS_MAX = 900;
  const { checkout, origin, state } = main.dataset;
  let last = "", looks = 0, timer = 0;
  const tell = (now) => {
    if (now === last) return;
    last = now;
    const words = main.dataset[`words${now[0].toUpperCase()}${now.slice(1)}`];
    if (words) said.textContent = words;
    window.parent.postMessage({ kind: "honghua.checkout", checkout_id: checkout, state: now }, origin);
  };
  const look = async () => {
    if (++looks > LOOKS_MAX) return clearInterval(timer);
    try {
      const answer = await fetch(state, { credentials: "omit" });
      if (!answer.ok) return;
      const found = (await answer.json()).state;
      tell(found);
      if (found === "paid") { clearInterval(timer); pay.remove(); }
    } catch { /* the next look finds it */ }
  };
  pay.addEventListener("click", () => {
    said.textContent = main.dataset.wordsWaits;
    looks = 0;
    if (!timer) timer = setInterval(look, EVERY_MS);
  });
  look();
}
