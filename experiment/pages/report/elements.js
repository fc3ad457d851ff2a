// Elements of the page, and numbers as a reader wants them.
const at = (id) => document.getElementById(id);
const svgTags = new Set(["svg", "path", "line", "text"]);

// <tag attributes>children</tag>. A function among the attributes listens to the event of its name; null children are left out.
function element(tag, attributes, ...children) {
  const made = svgTags.has(tag) ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : word.endsWith("s") ? "es" : "s"}`;

function number(value) {
  if (typeof value !== "number") return "none";
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}

// Pairs of a name and a value, as a list of definitions.
const definitions = (pairs) => element("dl", {},
  ...pairs.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, String(value))]));
