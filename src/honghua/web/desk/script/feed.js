// The live feed: asks for what is newer than the newest row, puts it on top, keeps the table short. Without it the page stands still.
const live = document.querySelector("[data-feed]");
const rows = document.getElementById("feed-rows");
if (live && rows) {
  const EVERY_MS = 3000, SHOWN_MAX = 200;
  const state = live.querySelector("[data-feed-state]");
  const button = live.querySelector("[data-feed-pause]");
  let paused = false, waiting = false;
  const say = (words) => { if (state.textContent !== words) state.textContent = words; };
  const newest = () => rows.querySelector("tr[data-decision]")?.dataset.decision ?? "0";
  const look = async () => {
    if (paused || waiting || document.visibilityState !== "visible") return;
    waiting = true;
    try {
      const query = new URLSearchParams(location.search);
      query.delete("before");
      query.set("after", newest());
      const answer = await fetch(`${live.dataset.feed}?${query}`, { headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const text = (await answer.text()).trim();
      if (text) {
        const table = document.createElement("template");
        table.innerHTML = text;
        for (const row of table.content.querySelectorAll("tr")) row.classList.add("fresh");
        rows.prepend(table.content);
        while (rows.rows.length > SHOWN_MAX) rows.rows[rows.rows.length - 1].remove();
      }
      say(state.dataset.wordsLive);
    } catch {
      say(state.dataset.wordsLost);
    } finally {
      waiting = false;
    }
  };
  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? button.dataset.wordsGo : button.dataset.wordsPause;
    say(paused ? state.dataset.wordsPaused : state.dataset.wordsLive);
    if (!paused) look();
  });
  live.hidden = false;
  say(state.dataset.wordsLive);
  setInterval(look, EVERY_MS);
}
