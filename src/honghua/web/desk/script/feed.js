// The live feed: rows come as events and are put on top; where events don't get through, the page asks every few seconds instead.
// Without script the page stands still, or loads itself where its reader wants it.
const live = document.querySelector("[data-feed]");
const rows = document.getElementById("feed-rows");
if (live && rows) {
  const EVERY_MS = 3000, SHOWN_MAX = 200;
  const state = live.querySelector("[data-feed-state]");
  const button = live.querySelector("[data-feed-pause]");
  let paused = false, waiting = false, source = null, timer = 0, over = false;
  const say = (words) => { if (state.textContent !== words) state.textContent = words; };
  const newest = () => rows.querySelector("tr[data-decision]")?.dataset.decision ?? "0";
  const address = (path) => {
    const query = new URLSearchParams(location.search);
    query.delete("before");
    query.set("after", newest());
    return `${path}?${query}`;
  };
  const put = (text) => {
    const table = document.createElement("template");
    table.innerHTML = text;
    for (const row of [...table.content.querySelectorAll("tr")]) {
      if (rows.querySelector(`tr[data-decision="${CSS.escape(row.dataset.decision)}"]`)) row.remove();
      else row.classList.add("fresh");
    }
    rows.prepend(table.content);
    while (rows.rows.length > SHOWN_MAX) rows.rows[rows.rows.length - 1].remove();
  };
  const end = () => { over = true; stop(); button.hidden = true; say(state.dataset.wordsEnded); };
  const ask = async () => {
    if (waiting) return;
    waiting = true;
    try {
      const answer = await fetch(address(live.dataset.feed), { headers: { Accept: "text/html" }, redirect: "manual" });
      if (answer.type === "opaqueredirect") return end();
      if (!answer.ok) throw new Error(String(answer.status));
      const text = (await answer.text()).trim();
      if (text) put(text);
      say(state.dataset.wordsLive);
    } catch {
      say(state.dataset.wordsLost);
    } finally {
      waiting = false;
    }
  };
  const stop = () => {
    source?.close();
    source = null;
    clearInterval(timer);
    timer = 0;
  };
  const poll = () => { if (!timer) { ask(); timer = setInterval(ask, EVERY_MS); } };
  const begin = () => {
    if (over || paused || source || timer || document.visibilityState !== "visible") return;
    source = new EventSource(address(live.dataset.live));
    source.addEventListener("open", () => say(state.dataset.wordsLive));
    source.addEventListener("rows", (event) => { put(event.data); say(state.dataset.wordsLive); });
    source.addEventListener("skipped", () => say(state.dataset.wordsSkipped));
    source.addEventListener("ended", end);
    source.addEventListener("error", () => {
      say(state.dataset.wordsLost);
      if (source?.readyState === EventSource.CLOSED) { stop(); poll(); } // it was refused: too many are open, or none get through
    });
  };
  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? button.dataset.wordsGo : button.dataset.wordsPause;
    say(paused ? state.dataset.wordsPaused : state.dataset.wordsLive);
    if (paused) stop(); else begin();
  });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") begin(); else stop(); });
  addEventListener("pagehide", stop);
  addEventListener("pageshow", begin);
  live.hidden = false;
  begin();
}
