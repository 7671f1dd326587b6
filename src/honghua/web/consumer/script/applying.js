// How an application is typed and walked, against gangs: times of keys and pages, never which key or what was written. The page works
// without this file; then nothing of it is told.

const STORE = "honghua.applying";
const PAGES = 8;
const STEPS_MAX = 12;
const PAUSE_MS_MAX = 5000; // a longer one is thinking, not typing

const fresh = () => ({ path: [], seconds: Array(PAGES).fill(0), dwell: [0, 0, 0], flight: [0, 0, 0], corrections: 0, pasted: 0 });
const read = () => {
  try { return { ...fresh(), ...JSON.parse(sessionStorage.getItem(STORE) ?? "{}") }; } catch { return fresh(); }
};
const write = (seen) => { try { sessionStorage.setItem(STORE, JSON.stringify(seen)); } catch { /* no storage: nothing is told */ } };
const count = (sums, value) => { sums[0] += 1; sums[1] += value; sums[2] += value * value; };
const mean = ([n, sum]) => sum / n;
const spread = ([n, sum, squares]) => Math.sqrt(Math.max(squares / n - (sum / n) ** 2, 0.01));

const here = Number(document.querySelector("meta[name=applying-page]")?.content ?? -1);
if (here >= 0 && here < PAGES) {
  const seen = read();
  let since = performance.now();
  let released = 0;
  const pressed = new Map();
  if (seen.path.at(-1) !== here && seen.path.length < STEPS_MAX) seen.path.push(here);

  const rest = () => {
    const now = performance.now();
    seen.seconds[here] += (now - since) / 1000;
    since = now;
    write(seen);
  };
  addEventListener("pagehide", rest);

  document.addEventListener("keydown", (event) => {
    if (!(event.target instanceof HTMLInputElement) || event.repeat) return;
    const now = performance.now();
    if (event.key === "Backspace" || event.key === "Delete") seen.corrections += 1;
    if (released && now - released < PAUSE_MS_MAX) count(seen.flight, Math.max(now - released, 1));
    pressed.set(event.code, now);
  });
  document.addEventListener("keyup", (event) => {
    const now = performance.now();
    const began = pressed.get(event.code);
    pressed.delete(event.code);
    if (began === undefined) return;
    released = now;
    if (now - began < PAUSE_MS_MAX) count(seen.dwell, Math.max(now - began, 1));
  });
  document.addEventListener("paste", (event) => { if (event.target instanceof HTMLInputElement) seen.pasted += 1; });

  document.addEventListener("submit", (event) => {
    const field = event.target.querySelector?.("input[name=observed]");
    rest();
    if (!field || seen.dwell[0] < 2 || seen.flight[0] < 2) return; // too few keys to say anything
    const typing = [mean(seen.dwell), mean(seen.flight), spread(seen.dwell), spread(seen.flight), seen.corrections, seen.pasted];
    field.value = JSON.stringify({ typing, path: seen.path, page_s: seen.seconds });
  });
}
