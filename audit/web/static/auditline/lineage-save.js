// The drawing as a file: PNG from the canvas, SVG written here.
(function () {
  "use strict";

  function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  function png(cy, background) {
    save(cy.png({ output: "blob", full: true, scale: 2, maxWidth: 8000, maxHeight: 8000, bg: background }), "lineage.png");
  }

  const SPACE = "http://www.w3.org/2000/svg";

  function element(name, attributes, text) {
    const made = document.createElementNS(SPACE, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    return made;
  }

  function svg(cy, background) {
    const box = cy.elements().boundingBox();
    const image = element("svg", {
      xmlns: SPACE,
      viewBox: `${box.x1 - 20} ${box.y1 - 20} ${box.w + 40} ${box.h + 40}`,
      width: box.w + 40,
      height: box.h + 40,
      "font-family": "sans-serif",
      "font-size": 12,
    });
    image.append(element("rect", { x: box.x1 - 20, y: box.y1 - 20, width: box.w + 40, height: box.h + 40, fill: background }));
    cy.edges().forEach((edge) => image.append(line(edge)));
    cy.nodes().forEach((node) => image.append(...shape(node)));
    save(new Blob([new XMLSerializer().serializeToString(image)], { type: "image/svg+xml" }), "lineage.svg");
  }

  function line(edge) {
    const from = edge.sourceEndpoint();
    const to = edge.targetEndpoint();
    const colour = edge.style("line-color");
    const width = parseFloat(edge.style("width"));
    const dashes = { dashed: `${width * 4} ${width * 2}`, dotted: `${width} ${width * 2}` }[edge.style("line-style")];
    const group = element("g", { stroke: colour, "stroke-width": width, fill: edge.data("proven") ? colour : "none" });
    group.append(element("title", {}, edge.data("said")));
    const path = { d: `M${from.x} ${from.y}L${to.x} ${to.y}`, fill: "none" };
    group.append(element("path", dashes ? { ...path, "stroke-dasharray": dashes } : path));
    const turn = (Math.atan2(to.y - from.y, to.x - from.x) * 180) / Math.PI;
    const head = { d: "M0 0L-8 -4L-8 4Z", transform: `translate(${to.x} ${to.y}) rotate(${turn})`, "stroke-width": 1 };
    group.append(element("path", head));
    return group;
  }

  function shape(node) {
    const { x, y } = node.position();
    const [wide, high] = [node.width(), node.height()];
    const frame = element("rect", {
      x: x - wide / 2,
      y: y - high / 2,
      width: wide,
      height: high,
      rx: node.data("kind") === "dataset" ? 4 : 14,
      fill: node.style("background-color"),
      stroke: node.style("border-color"),
      "stroke-width": parseFloat(node.style("border-width")),
    });
    frame.append(element("title", {}, node.data("said")));
    const lines = node.data("label").split("\n");
    const words = lines.map((text, at) =>
      element("text", { x, y: y + 4 + (at - (lines.length - 1) / 2) * 15, "text-anchor": "middle", fill: node.style("color") }, text),
    );
    return [frame, ...words];
  }

  window.lineageSave = { png, svg };
})();
