// The drawing of the Lineage page. What it shows stands in tables below it, which need no script; every view is an
// address, so that what a reader sees can be sent to another.
(function () {
  "use strict";

  const SIZE = { width: 178, height: 44 };
  const FEW = 400; // nodes that elk lays out while a reader waits for nothing
  const MANY = 600; // nodes from which details are left out while the picture moves
  const LONGEST = 26;

  let cy = null;
  let running = null;
  let data = null;
  let frame = 0;
  const box = () => document.getElementById("lineage");
  const part = (name) => box().querySelector(`[data-${name}]`);

  // ---- colours: as the tokens say in the scheme that is on
  function colours() {
    const probe = document.createElement("span");
    document.body.append(probe);
    const found = {};
    const names = ["ink", "ink-2", "ink-3", "paper", "sheet", "edge", "accent", "focus", "fail-ink", "fail-wash"];
    for (const name of [...names, ...Array.from({ length: 9 }, (_, at) => `hue-${at}`)]) {
      probe.style.color = `var(--${name})`;
      found[name] = getComputedStyle(probe).color;
    }
    probe.remove();
    return found;
  }

  function style(hue, many) {
    // Dashes take most of the time of a large picture: there thickness tells the basis, and the panel and the table do.
    const lines = many ? {} : { explicit: "solid", column: "dashed", cartesian: "dotted" };
    const widths = many ? { explicit: 3, column: 1.6, cartesian: 0.8 } : { explicit: 2.6, column: 1.4, cartesian: 1.4 };
    return [
      {
        selector: "node",
        style: {
          shape: "round-rectangle", width: SIZE.width, height: SIZE.height, label: "data(label)", "text-wrap": "wrap",
          "text-valign": "center", "text-halign": "center", "font-size": 11, "line-height": 1.25, color: hue.ink,
          "font-family": getComputedStyle(document.body).fontFamily, "min-zoomed-font-size": many ? 7 : 4,
          "background-color": (node) => hue[`hue-${node.data("hue")}`], "border-width": 1, "border-color": hue.edge,
          "border-style": (node) => (node.data("hue") || many ? "solid" : "dashed"),
        },
      },
      { selector: "node[kind != 'dataset']", style: { shape: "cut-rectangle", "border-width": 3, "border-style": "double" } },
      { selector: "node.centre", style: { "border-width": 3, "border-style": "solid", "border-color": hue.ink } },
      {
        selector: "edge",
        style: {
          width: (edge) => widths[edge.data("basis")], "line-style": (edge) => lines[edge.data("basis")] || "solid",
          "line-color": (edge) => hue[edge.data("proven") ? "ink-2" : "ink-3"],
          "target-arrow-color": (edge) => hue[edge.data("proven") ? "ink-2" : "ink-3"],
          "target-arrow-shape": "triangle", "target-arrow-fill": (edge) => (edge.data("proven") ? "filled" : "hollow"),
          "curve-style": many ? "straight" : "bezier", "arrow-scale": 0.9,
        },
      },
      {
        selector: "edge[?masked]",
        style: {
          "mid-source-arrow-shape": "tee", "mid-source-arrow-color": hue["ink-2"], label: "masked", "font-size": 9,
          color: hue["ink-2"], "text-background-color": hue.paper, "text-background-opacity": 1,
        },
      },
      { selector: ".dim", style: { opacity: 0.35 } },
      { selector: ".joined, edge.chosen", style: { opacity: 1, "line-color": hue.accent, "target-arrow-color": hue.accent } },
      { selector: "edge.chosen", style: { width: 4 } },
      {
        selector: "node[lit > 0]",
        style: { "border-width": 4, "border-style": "solid", "border-color": hue["fail-ink"], opacity: 1 },
      },
      {
        selector: "edge[?lit]",
        style: { width: 5, "line-color": hue["fail-ink"], "target-arrow-color": hue["fail-ink"], opacity: 1, "z-index": 9 },
      },
      {
        selector: "node.chosen",
        style: { "outline-width": 4, "outline-color": hue.focus, "outline-offset": 3, "outline-style": "solid", opacity: 1 },
      },
    ];
  }

  // ---- what stands on nodes, and what is said of them
  function short(text) {
    return text.length > LONGEST ? `${text.slice(0, 10)}…${text.slice(-(LONGEST - 11))}` : text;
  }

  function label(node) {
    const step = node.lit ? `${node.lit} ▸ ` : "";
    const more = node.more.reduce((sum, one) => sum + one.hidden, 0);
    const brief = (text) => (text === "not reported" ? "–" : text);
    const under = node.kind === "dataset" ? `${brief(node.country)} · ${brief(node.class)}` : `${counted(node.datasets, "dataset")} · ${node.country}`;
    return `${step}${short(node.name)}\n${short(under)}${more ? ` +${more}` : ""}`;
  }

  function saidOf(node) {
    const kind = node.kind === "dataset" ? "" : `, ${node.kind} of ${counted(node.datasets, "dataset")}`;
    const lit = node.lit ? `, step ${node.lit} of the path` : "";
    return `${node.name}${kind}, ${node.place}, country ${node.country}, class ${node.class}${lit}`;
  }

  function saidOfFlow(edge, names) {
    const masked = edge.masked ? ", masked" : "";
    return `${names.get(edge.from)} to ${names.get(edge.to)}, ${edge.basis}, ${edge.proven ? "proven" : "possible"}${masked}`;
  }

  function elements() {
    const lit = data.nodes.some((node) => node.lit);
    const names = new Map(data.nodes.map((node) => [node.id, node.name]));
    const places = window.lineageLayout.columns(data.nodes, data.edges);
    const classes = (each) => [lit && !each.lit ? "dim" : "", each.id === data.centre ? "centre" : ""].join(" ");
    return [
      ...data.nodes.map((node) => ({
        group: "nodes", data: { ...node, label: label(node), said: saidOf(node) }, position: { ...places.get(node.id) },
        classes: classes(node),
      })),
      ...data.edges.map((edge, at) => ({
        group: "edges", classes: classes(edge),
        data: {
          ...edge, id: `flow-${at}`, source: edge.from, target: edge.to, from_name: names.get(edge.from),
          to_name: names.get(edge.to), said: saidOfFlow(edge, names),
        },
      })),
    ];
  }

  // ---- draw
  function draw() {
    if (running) running.stop();
    if (cy) cy.destroy();
    cy = running = null;
    if (!box() || !window.cytoscape) return;
    data = JSON.parse(document.getElementById("lineage-data").textContent);
    part("stage").hidden = part("stage-note").hidden = false;
    const many = data.nodes.length > MANY;
    cy = window.cytoscape({
      container: part("canvas"), elements: elements(), style: style(colours(), many), layout: { name: "preset" },
      minZoom: 0.03, maxZoom: 3, textureOnViewport: many, hideEdgesOnViewport: many, hideLabelsOnViewport: many,
      pixelRatio: many ? 1 : "auto", autoungrabify: false, boxSelectionEnabled: false,
    });
    window.lineage = cy; // for who looks at it by the console
    part("canvas").dataset.layout = "columns";
    start();
    cy.on("tap", "node, edge", (event) => choose(event.target, true));
    cy.on("dbltap", "node", (event) => follow(event.target));
    cy.on("tap", (event) => event.target === cy && choose(null));
    const wanted = new URLSearchParams(location.search).get("select");
    if (wanted && cy.getElementById(wanted).length) choose(cy.getElementById(wanted), true);
    if (!many && data.nodes.length <= FEW) refine();
    else part("canvas").dataset.ready = "yes";
  }

  function start() {
    cy.fit(undefined, 30);
    if (cy.zoom() > 1.2) cy.zoom({ level: 1.2, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
    if (cy.zoom() < 0.45) {
      cy.zoom(0.7); // words can be read: what lies further out is a drag away
      cy.center(cy.getElementById(data.centre).length ? cy.getElementById(data.centre) : undefined);
    }
  }

  function refine() {
    const drawn = cy;
    const canvas = part("canvas");
    running = window.lineageLayout.layered(box().dataset.worker, data.nodes, data.edges, SIZE);
    running.done.then((places) => {
      running = null;
      if (cy !== drawn) return;
      cy.batch(() => cy.nodes().forEach((node) => node.position(places.get(node.id()))));
      start();
      canvas.dataset.layout = "elk";
      canvas.dataset.ready = "yes";
    }).catch(() => (canvas.dataset.ready = "yes"));
  }

  // ---- choose a node or flow: the panel has its details, the address its id
  function choose(chosen, open) {
    cy.elements(".chosen, .joined").removeClass("chosen joined");
    if (chosen) {
      chosen.addClass("chosen");
      if (chosen.isNode()) chosen.connectedEdges().addClass("joined");
      const status = document.getElementById("status");
      if (status) status.textContent = chosen.data("said");
    }
    remember("select", chosen ? chosen.id() : "");
    if (open || !part("panel").hidden) panel(chosen);
  }

  function chosen() {
    return cy.elements(".chosen").first();
  }

  function remember(name, value) {
    const address = new URL(location.href);
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
    history.replaceState(history.state, "", address);
  }

  function counted(number, noun) {
    return `${number.toLocaleString("en-GB")} ${noun}${number === 1 ? "" : "s"}`;
  }

  function made(name, text, attributes = {}) {
    const element = document.createElement(name);
    if (text) element.textContent = text;
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  }

  function entry(list, ...parts) {
    const item = made("li");
    item.append(...parts);
    list.append(item);
  }

  function panel(element) {
    const side = part("panel");
    side.replaceChildren();
    side.hidden = !element || !element.length;
    if (!side.hidden) {
      const said = element.data();
      const list = made("ul");
      if (element.isNode()) ofNode(said, list);
      else ofFlow(said, list);
      const close = made("button", "Close", { type: "button", class: "button button-small", "data-do": "close" });
      side.append(close, made("h3", element.isNode() ? said.name : `${said.from_name} → ${said.to_name}`), list);
    }
    cy.resize();
  }

  function ofNode(node, list) {
    entry(list, `${node.kind === "dataset" ? "Dataset" : `${node.kind}, ${counted(node.datasets, "dataset")}`}, ${node.place}`);
    if (node.namespace) entry(list, made("span", node.namespace, { class: "code breaks" }));
    entry(list, `Country: ${node.country}`);
    entry(list, `Class: ${node.class}`);
    if (node.kind === "dataset") {
      entry(list, made("a", "Its facts and verdicts", { href: page(node.id) }));
      entry(list, made("a", "Put it in the middle", { href: middle(node) }));
    } else entry(list, made("a", "Open the group", { href: added("open", node.id), "data-view": "" }));
    for (const more of node.more) {
      const words = `${more.hidden.toLocaleString("en-GB")} more ${more.direction}`;
      if (more.expand) entry(list, made("a", `Show ${words}`, { href: added("expand", more.expand), "data-view": "" }));
      else entry(list, words);
    }
  }

  function page(id) {
    return `${box().dataset.assets}${id}/`;
  }

  function middle(node) {
    return `${location.pathname}?asset=${node.id}`;
  }

  // This view with one more of a list; what was asked about the same node goes.
  function added(name, value) {
    const address = new URL(location.href);
    const same = name === "expand" ? value.slice(0, value.lastIndexOf(":") + 1) : value;
    const known = (address.searchParams.get(name) || "").split(",").filter((each) => each && !each.startsWith(same));
    address.searchParams.set(name, [...known, value].join(","));
    return address.href;
  }

  function columnsOf(edge) {
    const address = new URL(location.href);
    address.searchParams.set("flow", `${edge.from},${edge.to}`);
    address.hash = "columns-title";
    return address.href;
  }

  const BASES = {
    explicit: "explicit: the producer says so",
    column: "column: told by columns",
    cartesian: "cartesian: inputs by outputs of a job",
  };

  function ofFlow(edge, list) {
    entry(list, `${BASES[edge.basis]}; ${edge.proven ? "proven" : "possible, not proven"}`);
    if (edge.masking) entry(list, edge.masking);
    for (const job of edge.jobs) entry(list, "By ", made("a", job.name, { href: page(job.id) }));
    if (edge.jobs_more > 0) entry(list, `and by ${counted(edge.jobs_more, "more job")}`);
    entry(list, `Seen from ${edge.first} to ${edge.last}, in ${counted(edge.runs, "run")}`);
    const groups = `${edge.from}${edge.to}`.includes(":");
    if (!groups && edge.basis !== "cartesian") entry(list, made("a", "Its columns", { href: columnsOf(edge), "data-view": "" }));
  }

  // ---- keys: along flows, and among those of one side
  const STEPS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

  function nearest(among, from) {
    const place = from.position();
    return among.sort((one, other) => distance(one, place) - distance(other, place)).first();
  }

  function distance(node, place) {
    return Math.abs(node.position("y") - place.y) + Math.abs(node.position("x") - place.x) / 4;
  }

  function step(from, [along, across]) {
    if (along) return nearest(along > 0 ? from.outgoers("node") : from.incomers("node"), from);
    const place = from.position();
    const beside = cy.nodes().filter(
      (node) => Math.abs(node.position("x") - place.x) < SIZE.width && (node.position("y") - place.y) * across > 1,
    );
    return nearest(beside, from);
  }

  function keyed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const now = chosen();
    if (STEPS[event.key]) {
      const next = now.length && now.isNode() ? step(now, STEPS[event.key]) : cy.getElementById(data.centre);
      const to = next.length ? next : now.length ? now : cy.nodes().first();
      choose(to);
      seen(to);
    } else if (event.key === "Enter" && now.length) {
      panel(now);
      const first = part("panel").querySelector("a");
      if (first) first.focus();
    } else if (event.key === "Escape") panel(null);
    else if (event.key === "+" || event.key === "-") zoom(event.key === "+" ? 1.25 : 0.8);
    else if (event.key === "0") cy.fit(undefined, 30);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function seen(node) {
    const { x, y } = node.renderedPosition();
    if (x < 60 || y < 40 || x > cy.width() - 60 || y > cy.height() - 40) cy.center(node);
  }

  function zoom(factor) {
    cy.zoom({ level: cy.zoom() * factor, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
  }

  function follow(node) {
    if (node.data("kind") !== "dataset") go(added("open", node.id()));
    else if (node.id() !== data.centre) location.assign(middle(node.data()));
  }

  // ---- another view: fetched, exchanged, and put into the address
  async function go(address, push = true) {
    box().setAttribute("aria-busy", "true");
    const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
    const page = answer && new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page && page.getElementById("lineage");
    if (!fresh) {
      location.assign(address);
      return;
    }
    box().replaceWith(document.adoptNode(fresh));
    if (push) history.pushState({ lineage: true }, "", address);
    draw();
    const named = new URL(address, location.href).hash.slice(1);
    if (named && document.getElementById(named)) document.getElementById(named).focus();
  }

  function formAddress(form) {
    const address = new URL(location.pathname, location.href);
    for (const [name, value] of new FormData(form)) if (value !== "") address.searchParams.set(name, value);
    const slider = form.elements.rev;
    if (slider.value === slider.max) address.searchParams.delete("rev");
    return address.href;
  }

  const TOOLS = {
    in: () => zoom(1.25),
    out: () => zoom(0.8),
    fit: () => cy.fit(undefined, 30),
    png: () => window.lineageSave.png(cy, colours().paper),
    svg: () => window.lineageSave.svg(cy, colours().paper),
    close: () => {
      panel(null);
      part("canvas").focus();
    },
    link: async () => {
      await navigator.clipboard.writeText(location.href).catch(() => null);
      document.getElementById("status").textContent = "The address of this view has been copied.";
    },
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-view]");
    if (link && box() && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      go(link.href);
    }
    const tool = event.target.closest("[data-do]");
    if (tool && cy) TOOLS[tool.dataset.do]();
  });
  document.addEventListener("input", (event) => {
    if (event.target.id === "id_rev") part("rev").textContent = event.target.value;
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-lineage-form]");
    if (form) go(formAddress(form));
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-lineage-form]")) return;
    event.preventDefault();
    go(formAddress(event.target));
  });
  document.addEventListener("keydown", (event) => {
    if (!cy || !box()) return;
    if (part("canvas").contains(event.target)) keyed(event);
    else if (event.key === "Escape" && part("panel").contains(event.target)) {
      panel(null);
      part("canvas").focus();
    }
  });
  addEventListener("popstate", () => box() && go(location.href, false));

  // ---- the scheme may change while the page is open
  function repaint() {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => cy && cy.style(style(colours(), data.nodes.length > MANY)));
  }
  new MutationObserver(repaint).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);

  draw();
})();
