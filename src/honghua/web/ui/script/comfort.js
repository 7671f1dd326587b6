// Comfort only: every page works without this file.

// A form is sent once; the server would book a double only once anyway, by its key.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.hasAttribute("data-once")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  form.setAttribute("aria-busy", "true");
});

// Coming back by the browser's own button: forms may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }
});

// Forced reading: the server decides, this only counts aloud.
for (const box of document.querySelectorAll("[data-reading-seconds]")) {
  const button = box.querySelector("button[data-after-reading]");
  const words = box.querySelector("[data-reading-words]");
  if (!button || !words) continue;
  const until = performance.now() + 1000 * Number(box.dataset.readingSeconds);
  const pattern = words.dataset.readingWords;
  const tick = () => {
    const left = Math.ceil((until - performance.now()) / 1000);
    button.disabled = left > 0;
    words.textContent = left > 0 ? pattern.replace("{n}", String(left)) : "";
    if (left > 0) setTimeout(tick, 250);
  };
  tick();
}

// A page that waits for news looks again by itself while somebody looks at it.
const waiting = document.querySelector("[data-look-again-seconds]");
if (waiting) {
  setInterval(() => {
    if (document.visibilityState === "visible" && !document.querySelector("form[data-sent], :focus:is(input, textarea)")) location.reload();
  }, 1000 * Math.max(5, Number(waiting.dataset.lookAgainSeconds)));
}

// Trouble in a form: bring the first field to the eye.
document.querySelector(".wrong input, .wrong textarea, .wrong select")?.focus();
