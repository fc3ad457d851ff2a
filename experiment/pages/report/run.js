// The run: its records, and the units and layers that they are pictures of.
const run = JSON.parse(at("run").textContent);
const config = run.config.config || {};
const records = run.records;
const byName = new Map(records.map((record) => [record.name, record]));

// What a picture is of a unit; the order in which they stand on its page, and on the layer's the first that there is.
const roles = ["negative", "positive", "neuron", "class", "diverse", "joint"];
const roleWords = {
  negative: "Negative: driven down", positive: "Positive: driven up", neuron: "One neuron", class: "Class", diverse: "A diverse set",
  joint: "With other units",
};
const preferred = ["positive", "class", "neuron", "diverse", "negative", "joint"];

const units = new Map();   // "LAYER:UNIT" -> {key, layer, unit, label, pictures: [{record, role}]}
const layers = new Map();  // LAYER -> its units, by number

function addUnit(record, { layer, unit, role, label }) {
  const key = `${layer}:${unit}`;
  if (!units.has(key)) units.set(key, { key, layer, unit, label: label || "", pictures: [] });
  const entry = units.get(key);
  entry.label = entry.label || label || "";
  entry.pictures.push({ record, role });
}

function orderOfUnits(a, b) {
  const numbers = typeof a.unit === "number" && typeof b.unit === "number";
  return numbers ? a.unit - b.unit : String(a.unit).localeCompare(String(b.unit), "en");
}

for (const record of records) for (const unit of record.units) addUnit(record, unit);
for (const unit of units.values()) {
  if (!layers.has(unit.layer)) layers.set(unit.layer, []);
  layers.get(unit.layer).push(unit);
}
for (const list of layers.values()) list.sort(orderOfUnits);

const picturesOf = (unit, role) => unit.pictures.filter((one) => one.role === role).map((one) => one.record);
// The one picture that stands for a unit.
const faceOf = (unit) => preferred.map((role) => picturesOf(unit, role)[0]).find(Boolean);
// The unit whose page shows a picture; undefined for a picture of several units or of none.
const unitOf = (record) => record.units.length === 1 ? units.get(`${record.units[0].layer}:${record.units[0].unit}`) : undefined;

const isClass = (unit) => unit.pictures.some((one) => one.role === "class");
const nameOf = (unit) => unit.label || `${isClass(unit) ? "Class" : "Channel"} ${unit.unit}`;
const altOf = (record) => [record.heading, record.words].filter(Boolean).join(", ");

// ---- addresses: what stands behind "#" ----
const encoded = (text) => encodeURIComponent(text).replaceAll("%2F", "/").replaceAll("%3A", ":");
const toUnit = (unit) => `#${encoded(unit.key)}`;
const toLayer = (layer) => `#${encoded(layer)}`;
const toPicture = (record) => `#/picture/${encoded(record.name)}`;
const toRecord = (record) => unitOf(record) ? toUnit(unitOf(record)) : toPicture(record);
