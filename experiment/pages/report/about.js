// What the run is: its title and facts, what was given up, how to make it again.

function title() {
  const kinds = [...new Set(records.map((record) => record.kind))];
  const read = [...new Set(records.map((record) => record.layer))];
  const what = config.sweep && config.sweep.variants ? "variant"
    : kinds.length === 1 && ["channel", "neuron", "class", "direction"].includes(kinds[0]) ? kinds[0] : "picture";
  const jobs = new Set(records.map((record) => record.job)).size;
  const apart = new Set(records.flatMap((record) => record.units.map((unit) => `${unit.layer}:${unit.unit}`))).size;
  if (!jobs) return `No picture yet, ${run.config.model}`;
  const where = kinds[0] === "class" || read.length > 3 ? "" : ` of ${read.join(", ")}`;
  const counted = what === "variant" || apart === jobs ? plural(jobs, what) : plural(records.length, "picture");
  return `${counted}${where}, ${run.config.model}`;
}

function facts() {
  const all = run.config.images;
  const told = [[records.length === all ? all : `${records.length} of ${all}`, "pictures"], [config.steps || 512, "steps"]];
  if (size) told.push([`${size[0]} × ${size[size.length - 1]}`, "pixels"]);
  told.push([config.seed || 0, "seed"]);
  if (typeof config.transforms === "string" && !(config.sweep && config.sweep.variants)) told.push([config.transforms, "transforms"]);
  return told.map(([value, name]) => element("li", {}, `${name} `, element("b", {}, String(value))));
}

// Links to the figure and to the layers' posters.
function contents() {
  const posters = [...layers].filter(([, list]) => list.length > 1);
  const links = posters.map(([layer, list]) => element("li", {},
    element("a", { href: toLayer(layer) }, layer), element("span", { class: "words" }, ` ${plural(list.length, "unit")}`)));
  if (hasFigure()) links.unshift(element("li", {}, element("a", { href: "#/figure" }, "As a figure")));
  return links;
}

function tellOfRun() {
  at("title").textContent = config.title || title();
  at("description").textContent = config.description || "";
  at("facts").append(...facts());
  at("contents").append(...contents());
  at("contents").parentElement.hidden = !at("contents").children.length;
  if (run.spectra) {
    at("spectra").hidden = false;
    at("spectra").insertAdjacentHTML("beforeend", run.spectra);
  }
  at("stopped").hidden = !run.stopped.length;
  at("stopped").append(...run.stopped.map((one) => element("p", { class: "stopped" }, element("b", {}, one.name), one.reason)));
  at("config").textContent = JSON.stringify(config, null, 2);
  at("command").textContent = "phosphene render experiment.json --out pictures";
  at("made").textContent = `Same configuration, build and machine: same bytes. Made by Phosphene ${run.config.phosphene}, ${run.config.backend}, ${plural(run.config.batch, "picture")} at a time.`;
  at("version").textContent = `Phosphene ${run.config.phosphene}`;
}
