// Objectives per step: a small curve under a picture, and a chart.

// [step, value] of each point. A record's curve comes as text, two characters for each point: 12 bits between `low` and `high`.
const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const digitOf = new Map([...digits].map((digit, i) => [digit, i]));
function pointsOf(curve) {
  if (Array.isArray(curve)) return curve;
  const count = curve.points.length / 2;
  return Array.from({ length: count }, (_, i) => {
    const level = digitOf.get(curve.points[2 * i]) * 64 + digitOf.get(curve.points[2 * i + 1]);
    return [i === count - 1 ? curve.last : i * curve.every, curve.low + (curve.high - curve.low) * level / 4095];
  });
}

// The line through the points in a box of this size, the highest at the top.
function scaled(curve, width, height) {
  const finite = pointsOf(curve).filter((point) => Number.isFinite(point[1]));
  const points = finite.length ? finite : [[0, 0]];
  const values = points.map((point) => point[1]);
  let low = Math.min(...values), high = Math.max(...values);
  if (low === high) { low -= 0.5; high += 0.5; }
  const last = Math.max(1, points[points.length - 1][0]);
  const line = points.map(([step, value]) => `${(step / last * width).toFixed(2)} ${((high - value) / (high - low) * height).toFixed(2)}`);
  return { low, high, last, first: values[0], end: values[values.length - 1], line: `M${line.join("L")}` };
}

function sparkline(curve) {
  const { line } = scaled(curve, 100, 24);
  return element("svg", { viewBox: "0 0 100 24", preserveAspectRatio: "none", "aria-hidden": "true" },
    element("path", { class: "area", d: `${line}L100 24L0 24Z` }), element("path", { class: "curve", d: line }));
}

// With a mark that `markStep` moves.
function chart(curve) {
  const width = 300, height = 130;
  const { low, high, last, first, end, line } = scaled(curve, width, height);
  const text = (x, y, anchor, words) => element("text", { class: "tick", x, y, "text-anchor": anchor }, words);
  const zero = low < 0 && high > 0 ? high / (high - low) * height : null;
  return element("svg", { viewBox: `-2 -16 ${width + 4} ${height + 36}`, role: "img", "aria-label": `Objective per step, from ${number(first)} to ${number(end)}` },
    element("line", { class: "axis", x1: 0, y1: height, x2: width, y2: height }),
    zero === null ? null : element("line", { class: "axis", x1: 0, y1: zero, x2: width, y2: zero, "stroke-dasharray": "3 3" }),
    element("path", { class: "area", d: `${line}L${width} ${height}L0 ${height}Z` }), element("path", { class: "curve", d: line }),
    element("line", { class: "mark", x1: width, y1: 0, x2: width, y2: height, "data-last": last, "data-width": width }),
    text(0, -5, "start", number(high)), text(0, height + 16, "start", `minimum ${number(low)}`), text(width, height + 16, "end", `step ${last + 1}`));
}

// Moves the marks of all charts within `where` to a step.
function markStep(where, step) {
  for (const mark of where.querySelectorAll(".mark")) {
    const x = Math.min(1, Math.max(0, step - 1) / mark.dataset.last) * mark.dataset.width;
    mark.setAttribute("x1", x);
    mark.setAttribute("x2", x);
  }
}
