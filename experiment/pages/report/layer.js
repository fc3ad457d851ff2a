// The page of a layer: a poster of all its units.
let poster = null;  // the grid of the page that is shown

function tile(unit) {
  return element("a", { class: "tile", href: toUnit(unit), title: nameOf(unit) },
    thumbnail(faceOf(unit), `${nameOf(unit)} of ${unit.layer}`), element("span", { "aria-hidden": "true" }, unit.label || String(unit.unit)));
}

function layerPage(layer) {
  const list = layers.get(layer);
  const tiles = element("ul", { class: "poster" });
  const resize = (event) => {
    poster.width = Number(event.target.value);
    poster.redraw();
  };
  return {
    title: `${layer}, ${plural(list.length, "unit")}`,
    up: "#",
    content: [crumbs(["#", at("title").textContent]),
      element("div", { class: "top" }, element("h1", { class: "as-written", tabindex: -1 }, layer),
        element("label", { class: "slider" }, element("span", {}, "Size"),
          element("input", { type: "range", min: 48, max: 240, value: 96, step: 8, input: resize }))),
      element("p", { class: "words" }, `${plural(list.length, "unit")}, in the order of their numbers`), tiles],
    ready: () => {
      poster = new Grid(tiles, { make: tile, width: 96, caption: 0, gap: 3, few: 0 });
      poster.show(list);
    },
  };
}
