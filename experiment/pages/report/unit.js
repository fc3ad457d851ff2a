// The page of a unit: all its pictures side by side, its photographs, its neighbours. And that of a picture that is of no unit alone.

const photographKinds = [["lowest", "Lowest", "low"], ["below_zero", "Slightly negative", "low"], ["median", "Median", ""], ["highest", "Highest", "high"]];

function crop(one) {
  const [left, top, width, height] = one.crop;
  const place = `${one.photograph}, ${width} × ${height} pixels at (${left}, ${top})`;
  return element("figure", { title: place }, element("img", { src: linkTo(one.picture), alt: `Photograph ${place}`, loading: "lazy" }),
    element("figcaption", {}, element("b", {}, number(one.activation)), element("span", {}, one.photograph)));
}

// The photographs from the lowest to the highest activation, between the unit's two ends as they were drawn.
function spectrum(unit) {
  const found = (run.photographs || {})[unit.key];
  if (!found) return null;
  const end = (role, words, side) => {
    const record = picturesOf(unit, role)[0];
    return record && element("div", { class: `kind drawn ${side}` }, element("h3", {}, words),
      element("a", { href: toPicture(record) }, thumbnail(record, altOf(record))));
  };
  const kinds = photographKinds.filter(([key]) => (found[key] || []).length);
  const columns = kinds.map(([key, words, side]) => element("div", { class: `kind ${side}` }, element("h3", {}, words),
    element("div", { class: "crops" }, ...found[key].map(crop))));
  return element("section", {}, element("h2", {}, "Photographs, from the lowest to the highest activation"),
    element("div", { class: "spectrum", tabindex: 0, role: "group", "aria-label": "From the lowest to the highest activation" },
      ...[end("negative", "Drawn: lowest", "low"), ...columns, end("positive", "Drawn: highest", "high")].filter(Boolean)));
}

function panels(unit) {
  const groups = roles.map((role) => [role, picturesOf(unit, role)]).filter(([, some]) => some.length);
  if (groups.length === 1 && groups[0][1].length === 1) return sheet(groups[0][1][0]);
  const whole = element("div", {});
  const way = slider(unit.pictures.map((one) => one.record), whole);
  whole.append(...(way ? [way] : []), element("div", { class: "groups" }, ...groups.map(([role, some]) =>
    element("section", { class: "group", style: `--count: ${some.length}` }, element("h2", {}, roleWords[role]),
      element("div", { class: "row" }, ...some.map(panel))))));
  return whole;
}

// Units of the layer on either side.
function neighbours(unit) {
  const list = layers.get(unit.layer);
  if (list.length < 2) return null;
  const here = list.indexOf(unit), each = 6;
  const near = list.slice(Math.max(0, here - each), here + each + 1);
  return element("section", {}, element("h2", {}, "Neighbours in the layer"),
    element("ul", { class: "strip" }, ...near.map((one) => element("li", {},
      element("a", { href: toUnit(one), "aria-current": one === unit ? "page" : null, title: nameOf(one) },
        element("span", { class: "frame" }, thumbnail(faceOf(one), "")), element("span", { class: "words" }, nameOf(one)))))));
}

const crumbs = (...links) => element("nav", { class: "crumbs", "aria-label": "Where this is" },
  ...links.map(([href, words]) => element("a", { href }, words)));

// Links to the one before and the one after; the keys ← and → follow them.
function steps(list, here, to, name) {
  if (list.length < 2) return null;
  const link = (by, words, rel) => {
    const other = list[(here + by + list.length) % list.length];
    return element("a", { class: "button", href: to(other), rel, "aria-label": `${words}: ${name(other)}` }, by < 0 ? "←" : "→");
  };
  return element("nav", { class: "bar", "aria-label": "Before and after" }, link(-1, "Previous", "prev"), link(1, "Next", "next"));
}

function unitPage(unit) {
  const list = layers.get(unit.layer);
  return {
    title: `${nameOf(unit)} of ${unit.layer}`,
    up: toLayer(unit.layer),
    content: [crumbs(["#", at("title").textContent], [toLayer(unit.layer), unit.layer]),
      element("div", { class: "top" }, element("h1", { tabindex: -1 }, nameOf(unit)), steps(list, list.indexOf(unit), toUnit, nameOf)),
      element("p", { class: "words" }, `${isClass(unit) ? "The class" : "The unit"} `, element("code", {}, unit.key)),
      panels(unit), spectrum(unit), neighbours(unit)],
  };
}

function picturePage(record) {
  const unit = unitOf(record);
  const here = grid.items.indexOf(record);
  return {
    title: altOf(record),
    up: unit ? toUnit(unit) : "#",
    content: [crumbs(["#", at("title").textContent], ...(unit ? [[toLayer(unit.layer), unit.layer], [toUnit(unit), nameOf(unit)]] : [])),
      element("div", { class: "top" }, element("h1", { tabindex: -1 }, record.heading), here < 0 ? null : steps(grid.items, here, toPicture, altOf)),
      element("p", { class: "words" }, record.words), sheet(record)],
  };
}
