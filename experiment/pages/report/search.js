// The start of the page: all pictures, and what finds some of them. The choice stands in the address: "#?find=dog&order=high".

function card(record) {
  return element("a", { class: "card", href: toRecord(record), "data-name": record.name },
    element("span", { class: "frame" }, thumbnail(record, altOf(record))),
    element("span", { class: "caption" },
      element("span", { class: "heading" }, record.heading), element("span", { class: "words" }, record.words),
      element("span", { class: "result" }, element("span", { title: "Objective at the last step" }, number(record.objective)), sparkline(record.curve))));
}

const many = records.length > 64;
const grid = new Grid(at("grid"), { make: card, width: many ? 168 : 216, caption: 92, gap: 16, few: 64 });

// ---- what is looked for ----
const searchText = new Map();
function textOf(record) {
  if (!searchText.has(record)) {
    const keys = record.units.map((unit) => `${unit.layer}:${unit.unit} ${unit.label || ""}`);
    searchText.set(record, [record.heading, record.words, record.name, ...keys].join(" ").toLowerCase());
  }
  return searchText.get(record);
}
// Whether a word stands in a text. A number stands for itself alone: 97 is not found in 197.
function holds(text, word) {
  const digit = (character) => character >= "0" && character <= "9";
  for (let i = text.indexOf(word); i >= 0; i = text.indexOf(word, i + 1)) {
    const end = i + word.length;
    if (digit(word[0]) && i > 0 && digit(text[i - 1])) continue;
    if (digit(word[word.length - 1]) && end < text.length && digit(text[end])) continue;
    return true;
  }
  return false;
}
function chosen() {
  const words = at("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  const layer = at("of-layer").value, role = at("of-role").value, order = at("order").value;
  const fits = (unit) => (!layer || unit.layer === layer) && (!role || unit.role === role);
  const found = records.filter((record) => (!(layer || role) || record.units.some(fits)) && words.every((word) => holds(textOf(record), word)));
  if (order) found.sort((a, b) => (order === "high" ? b.objective - a.objective : a.objective - b.objective));
  return found;
}

function showChosen() {
  const found = chosen();
  grid.show(found);
  at("shown").textContent = found.length === records.length ? "" : found.length ? `${found.length} of ${records.length}` : "Nothing is like this";
  at("clear").hidden = !choiceInAddress();
}

// ---- the address ----
const controls = { find: "find", layer: "of-layer", role: "of-role", order: "order" };
function choiceInAddress() {
  const choice = new URLSearchParams();
  for (const [name, id] of Object.entries(controls)) if (at(id).value) choice.set(name, at(id).value);
  return String(choice);
}
function takeChoice(text) {
  const choice = new URLSearchParams(text);
  for (const [name, id] of Object.entries(controls)) {
    at(id).value = choice.get(name) || "";
    if (at(id).selectedIndex === -1) at(id).value = "";
  }
}
function choose() {
  const choice = choiceInAddress();
  history.replaceState(null, "", choice ? `#?${choice}` : "#");
  address = location.hash;
  showChosen();
}

function prepareSearch() {
  const option = (value, words) => element("option", { value }, words);
  const present = roles.filter((role) => records.some((record) => record.units.some((unit) => unit.role === role)));
  at("of-layer").append(option("", "All layers"), ...[...layers.keys()].map((layer) => option(layer, layer)));
  at("of-role").append(option("", "All pictures"), ...present.map((role) => option(role, roleWords[role])));
  at("of-layer").hidden = layers.size < 2;
  at("of-role").hidden = present.length < 2;
  at("controls").hidden = records.length < 9;
  at("grid").classList.toggle("few", records.length < 9);
  at("find").addEventListener("input", choose);
  for (const id of ["of-layer", "of-role", "order"]) at(id).addEventListener("change", choose);
  at("find").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && grid.items.length) grid.focus(0);
  });
  at("clear").addEventListener("click", () => {
    takeChoice("");
    choose();
    at("find").focus();
  });
  whenSheetIsLost = () => {
    grid.redraw();
    if (poster) poster.redraw();
  };
}
