// The page of a figure: a table whose axes are what was swept, the images of a group, or the steps on the way.

// What the pictures differ in: {name, values, of}, where `of` gives the index of a record's value; -1 where it has none.
function axesOfFigure() {
  const axes = (run.axes || []).map((axis, i) => ({ name: axis.name, values: axis.values, of: (record) => record.at[i] }));
  const ofJob = new Map();
  for (const record of records) ofJob.set(record.job, (ofJob.get(record.job) || 0) + 1);
  const images = [...new Set(records.map((record) => record.image))].sort((a, b) => a - b);
  const imageOf = (record) => ofJob.get(record.job) > 1 ? images.indexOf(record.image) : -1;
  if (images.length > 1) axes.push({ name: "image", values: images.map((image) => `image ${image + 1}`), of: imageOf });
  const steps = stepsOf(records);
  if (steps.length > 1 && records.some((record) => record.snapshots.length))
    axes.push({ name: "step", values: steps.map((step) => `step ${step}`), of: null, steps });
  return axes;
}

// Each picture with its place on every axis; a record stands once for each step at which it has a picture.
function cellsOf(axes) {
  const placeOf = (record, step) => axes.map((axis) => axis.steps ? step : axis.of(record));
  const way = axes.findIndex((axis) => axis.steps);
  return records.flatMap((record) => {
    if (way < 0) return [{ record, picture: record.picture, at: placeOf(record, -1) }];
    const shots = [...record.snapshots.filter((shot) => shot.step < record.steps), { step: record.steps, picture: record.picture }];
    return shots.map((shot) => ({ record, picture: shot.picture, at: placeOf(record, axes[way].steps.indexOf(shot.step)) }));
  });
}

// {columns: the axis, rows: [{words, cells}]}, with the axis number `across` along the columns and all others down.
function tableOf(axes, across) {
  const rows = new Map();
  for (const cell of cellsOf(axes)) {
    const others = cell.at.filter((_, i) => i !== across);
    const key = others.map((value) => String(value).padStart(6, "0")).join(" ");
    const words = axes.filter((_, i) => i !== across).map((axis, i) => axis.values[others[i]] ?? "").filter(Boolean);
    if (!rows.has(key)) rows.set(key, { key, words: words.join(" · "), cells: new Map() });
    rows.get(key).cells.set(across < 0 ? 0 : Math.max(0, cell.at[across]), cell);
  }
  return [...rows.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

const subjectOf = (record) => record.subject || record.heading;

function cellOf(cell, told) {
  if (!cell) return element("td", {});
  return element("td", {}, element("a", { href: toPicture(cell.record) },
    element("img", { src: linkTo(cell.picture), alt: altOf(cell.record), loading: "lazy" })),
    told ? element("span", { class: "words" }, subjectOf(cell.record)) : null);
}

function tableElement(axes, across) {
  const columns = across < 0 ? { name: "", values: [""] } : axes[across];
  const others = axes.filter((axis, i) => i !== across && axis.values.length > 1).map((axis) => axis.name);
  const rows = tableOf(axes, across);
  const subjects = (row) => new Set([...row.cells.values()].map((cell) => subjectOf(cell.record))).size;
  // "image 2" does not say what the picture is of.
  const told = across >= 0 && axes[across].name === "image" && rows.some((row) => subjects(row) > 1);
  const corner = others.length ? element("td", { class: "axis-name corner" }, `${others.join(", ")} ↓`) : null;
  return element("table", { class: "figure", style: `--columns: ${columns.values.length}` },
    element("thead", {},
      columns.name ? element("tr", {}, corner && element("td", { class: "corner" }), element("th", { class: "axis-name", colspan: columns.values.length }, `${columns.name} →`)) : null,
      element("tr", {}, corner, ...columns.values.map((value) => element("th", { scope: "col" }, value)))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, corner && element("th", { scope: "row" }, row.words),
      ...columns.values.map((_, i) => cellOf(row.cells.get(i), told))))));
}

const hasFigure = () => run.axes !== undefined && (records.length > 1 || stepsOf(records).length > 1);

function figurePage() {
  const axes = axesOfFigure();
  const place = element("div", { class: "scroller", tabindex: 0, role: "group", "aria-label": "The figure" });
  // The steps, the images of a group, or the last key of the sweep.
  const select = element("select", { id: "across", change: () => place.replaceChildren(tableElement(axes, Number(select.value))) },
    ...axes.map((axis, i) => element("option", { value: i }, axis.name)));
  select.value = String(axes.length - 1);
  place.append(tableElement(axes, axes.length - 1));
  return {
    title: at("title").textContent,
    up: "#",
    content: [crumbs(["#", "All pictures"]),
      element("div", { class: "top" }, element("h1", { tabindex: -1 }, at("title").textContent),
        axes.length < 2 ? null : element("label", { class: "slider", for: "across" }, element("span", {}, "Across"), select)),
      place, element("p", { class: "description" }, config.description || "")],
  };
}
