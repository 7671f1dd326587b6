// The neighbourhood drawn: accounts and things as nodes, who used what as edges; the slider shows it as it stood at a moment.
const box = document.querySelector("[data-graph]");
const MARKS = { account: "ellipse", device: "round-rectangle", address: "diamond", payee: "hexagon", merchant: "round-triangle" };

const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function sumContacts(contacts, until) {
  const edges = new Map();
  for (const [account, thing, seconds, amount, held] of contacts) {
    if (seconds > until) continue;
    const key = `${account}|${thing}`;
    const edge = edges.get(key) ?? { account, thing, times: 0, held: 0, amount: 0 };
    edge.times += 1; edge.held += held; edge.amount += amount;
    edges.set(key, edge);
  }
  return edges;
}

function drawGraph(graph, canvas) {
  const words = (kind) => box.dataset[`words${kind[0].toUpperCase()}${kind.slice(1)}`] ?? kind;
  const nodes = Object.entries(graph.nodes).map(([id, one]) => ({
    data: { id, kind: one.kind, own: one.own ? 1 : 0, label: one.kind === "account" ? one.name : `${words(one.kind)} ${one.name}` },
  }));
  const edges = [...sumContacts(graph.contacts, Infinity).entries()].map(([id, one]) => ({
    data: { id, source: one.account, target: one.thing, times: one.times, held: one.held },
  }));
  const ink = colourOf("--ink"), soft = colourOf("--ink-soft"), surface = colourOf("--surface");
  const kinds = { account: "--s3", device: "--s1", address: "--s2", payee: "--s4", merchant: "--s5" };
  const style = [
    { selector: "node", style: { label: "data(label)", color: ink, "font-size": 11, "text-valign": "bottom", "text-margin-y": 4, width: 20, height: 20,
      "text-background-color": surface, "text-background-opacity": 0.85, "text-background-padding": 1, "min-zoomed-font-size": 7 } },
    ...Object.entries(kinds).map(([kind, name]) => ({ selector: `node[kind = "${kind}"]`, style: { "background-color": colourOf(name), shape: MARKS[kind] } })),
    { selector: "node[own = 1]", style: { "background-color": colourOf("--accent"), width: 32, height: 32, "font-weight": "bold" } },
    { selector: "edge", style: { width: "mapData(times, 1, 12, 1.2, 6)", "line-color": soft, opacity: 0.55, "curve-style": "straight" } },
    { selector: "edge[held > 0]", style: { "line-color": colourOf("--bad"), opacity: 0.9 } },
    { selector: ".later", style: { display: "none" } },
  ];
  return cytoscape({
    container: canvas, elements: { nodes, edges }, style, wheelSensitivity: 0.3, minZoom: 0.2, maxZoom: 3, userZoomingEnabled: true, autoungrabify: false,
    layout: { name: "cose", animate: false, randomize: false, nodeRepulsion: 9000, idealEdgeLength: 70, gravity: 0.4, padding: 24, numIter: 800, fit: true },
  });
}

function showUntil(cy, graph, until) {
  const edges = sumContacts(graph.contacts, until);
  const seen = new Set([...edges.values()].flatMap((edge) => [edge.account, edge.thing]));
  cy.batch(() => {
    cy.edges().forEach((edge) => {
      const one = edges.get(edge.id());
      edge.toggleClass("later", !one);
      if (one) edge.data({ times: one.times, held: one.held });
    });
    cy.nodes().forEach((node) => { node.toggleClass("later", !seen.has(node.id()) && !node.data("own")); });
  });
}

async function begin() {
  const answer = await fetch(box.dataset.graph, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const graph = await answer.json();
  if (!graph.contacts.length) return;
  box.hidden = false;
  const cy = drawGraph(graph, box.querySelector(".graph-canvas"));
  const slider = box.querySelector("input[type=range]"), shown = box.querySelector("output"), play = box.querySelector("[data-graph-play]");
  const moments = graph.contacts.map((contact) => contact[2]);
  const first = Math.min(...moments), last = Math.max(...moments);
  const write = new Intl.DateTimeFormat(box.dataset.language, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });
  const offset = 60 * Number(box.dataset.offsetMinutes); // moments are told in the site's zone, as on the whole page
  const turn = () => {
    const until = first + Math.ceil(((last - first) * Number(slider.value)) / 1000);
    shown.textContent = write.format(new Date((until + offset) * 1000));
    slider.setAttribute("aria-valuetext", shown.textContent);
    showUntil(cy, graph, until);
  };
  slider.addEventListener("input", turn);
  let timer = 0;
  play.addEventListener("click", () => {
    clearInterval(timer);
    slider.value = "0";
    timer = setInterval(() => {
      slider.value = String(Math.min(1000, Number(slider.value) + 20));
      turn();
      if (slider.value === "1000") clearInterval(timer);
    }, 120);
  });
  turn();
}

if (box) begin();
