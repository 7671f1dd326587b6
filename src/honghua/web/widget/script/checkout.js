// For shops' pages: <script src="https://honghua.example/widget/checkout.js" data-checkout="ID" data-then="/order?id=ID"></script>
// Puts Honghua's button where the script stands. What it hears counts only from that frame and that origin; it is a hint: ask the API.
(() => {
  const script = document.currentScript;
  const home = new URL(script.src).origin;
  const id = script.dataset.checkout ?? "";
  if (!/^[0-9a-f]{32}$/.test(id)) return;
  const frame = document.createElement("iframe");
  frame.src = `${home}/widget/${id}?origin=${encodeURIComponent(location.origin)}`;
  frame.title = "Honghua";
  frame.width = "100%";
  frame.height = "110";
  frame.setAttribute("frameborder", "0");
  frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox");
  script.after(frame);
  addEventListener("message", (event) => {
    if (event.origin !== home || event.source !== frame.contentWindow) return;
    const said = event.data;
    if (said?.kind !== "honghua.checkout" || said.checkout_id !== id) return;
    script.dispatchEvent(new CustomEvent("honghua:checkout", { detail: { checkout_id: id, state: said.state }, bubbles: true }));
    const then = script.dataset.then;
    if (said.state === "paid" && then) location.assign(new URL(then, location.href));
  });
})();
