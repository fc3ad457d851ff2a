// Pictures at their full size, and their way there.

// The picture of a record at a step: the last snapshot up to it, or the finished one.
function pictureAt(record, step) {
  if (step >= record.steps) return record.picture;
  const before = record.snapshots.filter((shot) => shot.step <= step);
  return before.length ? before[before.length - 1].picture : record.picture;
}

function fullPicture(record) {
  return element("img", { class: "full", src: linkTo(record.picture), alt: altOf(record), "data-name": record.name });
}

// Steps at which any of the records has a picture.
function stepsOf(some) {
  const steps = some.flatMap((record) => [...record.snapshots.map((shot) => shot.step), record.steps]);
  return [...new Set(steps)].sort((a, b) => a - b);
}

// A slider that shows all full pictures within `where` at one of their steps; null where there is nothing to slide.
function slider(some, where) {
  const steps = stepsOf(some);
  if (!some.some((record) => record.snapshots.some((shot) => shot.step < record.steps))) return null;
  const last = steps.length - 1;
  const told = element("output", {}, `step ${steps[last]}`);
  const move = (event) => {
    const step = steps[event.target.value];
    told.textContent = `step ${step}`;
    event.target.setAttribute("aria-valuetext", `step ${step}`);
    for (const image of where.querySelectorAll("img.full")) image.src = linkTo(pictureAt(byName.get(image.dataset.name), step));
    markStep(where, step);
  };
  return element("label", { class: "slider" }, element("span", {}, "On the way"),
    element("input", { type: "range", min: 0, max: last, value: last, "aria-valuetext": `step ${steps[last]}`, input: move }), told);
}

function factsOf(record) {
  const facts = [["Objective", number(record.objective)], ["Steps", record.steps], ["Seed", record.seed]];
  if (record.spectrum) {
    facts.push(["Power spectrum's slope", record.spectrum.slope === null ? "none" : number(record.spectrum.slope)]);
    facts.push(["Power above .25 cycles/pixel", `${(100 * record.spectrum.high_frequency_share).toFixed(1)} %`]);
  }
  return definitions(facts);
}

// One picture, large, with all that is known of it.
function sheet(record) {
  const whole = element("div", { class: "sheet" });
  const way = slider([record], whole);
  whole.append(element("a", { class: "frame", href: linkTo(record.picture), title: "The picture's file" }, fullPicture(record)),
    element("div", { class: "side" }, factsOf(record),
      element("div", {}, element("p", { class: "label" }, "Objective per step"), chart(record.curve)), ...(way ? [way] : []),
      element("p", { class: "label file" }, element("code", {}, record.picture))));
  return whole;
}

// One of several pictures side by side.
function panel(record) {
  return element("figure", { class: "panel" },
    element("a", { class: "frame", href: toPicture(record) }, fullPicture(record)),
    element("figcaption", {}, element("b", {}, record.heading), chart(record.curve), element("span", { class: "words" }, record.words),
      element("span", { class: "words" }, `objective ${number(record.objective)}`)));
}
