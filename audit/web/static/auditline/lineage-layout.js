// Where nodes stand: in columns by how many steps they lie from the middle, at once; by elk in a worker where it is few.
(function () {
  "use strict";

  const WIDE = 250; // from column to column
  const HIGH = 66; // from row to row
  const TALL = 40; // rows of a column before it goes on beside itself

  // Nodes of one level below each other, each near the middle of what it is joined with; returns id -> {x, y}.
  function columns(nodes, edges) {
    const near = new Map(nodes.map((node) => [node.id, []]));
    for (const edge of edges) {
      near.get(edge.from).push(edge.to);
      near.get(edge.to).push(edge.from);
    }
    const levels = new Map();
    for (const node of nodes) {
      if (!levels.has(node.level)) levels.set(node.level, []);
      levels.get(node.level).push(node);
    }
    const row = new Map();
    const order = [...levels.keys()].sort((one, other) => Math.abs(one) - Math.abs(other) || one - other);
    for (let sweep = 0; sweep < 3; sweep += 1) {
      for (const level of order) {
        const wish = new Map();
        levels.get(level).forEach((node, at) => {
          const known = near.get(node.id).filter((id) => row.has(id)).map((id) => row.get(id));
          wish.set(node.id, known.length ? known.reduce((sum, one) => sum + one, 0) / known.length : at);
        });
        const sorted = levels.get(level).sort((one, other) => wish.get(one.id) - wish.get(other.id));
        sorted.forEach((node, at) => row.set(node.id, at - (sorted.length - 1) / 2));
      }
    }
    return placed(levels);
  }

  function placed(levels) {
    const places = new Map();
    let x = 0;
    for (const level of [...levels.keys()].sort((one, other) => one - other)) {
      const nodes = levels.get(level);
      const wide = Math.ceil(nodes.length / TALL);
      const tall = Math.ceil(nodes.length / wide);
      nodes.forEach((node, at) => {
        const column = Math.floor(at / tall);
        const inside = Math.min(tall, nodes.length - column * tall);
        places.set(node.id, { x: x + column * WIDE, y: ((at % tall) - (inside - 1) / 2) * HIGH });
      });
      x += wide * WIDE;
    }
    return places;
  }

  // The same by elk's layers, in a worker: a promise of id -> {x, y}, and a way to stop it.
  function layered(address, nodes, edges, size) {
    const elk = new window.ELK({ workerUrl: address });
    const graph = {
      id: "all",
      layoutOptions: {
        "elk.algorithm": "layered",
        "elk.direction": "RIGHT",
        "elk.spacing.nodeNode": "22",
        "elk.layered.spacing.nodeNodeBetweenLayers": "70",
        "elk.separateConnectedComponents": "true",
      },
      children: nodes.map((node) => ({ id: node.id, width: size.width, height: size.height })),
      edges: edges.map((edge, at) => ({ id: `flow-${at}`, sources: [edge.from], targets: [edge.to] })),
    };
    const done = elk.layout(graph).then((laid) => {
      elk.terminateWorker();
      return new Map(
        laid.children.map((node) => [node.id, { x: node.x + size.width / 2, y: node.y + size.height / 2 }]),
      );
    });
    return { done, stop: () => elk.terminateWorker() };
  }

  window.lineageLayout = { columns, layered };
})();
