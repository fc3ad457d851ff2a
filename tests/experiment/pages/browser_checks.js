// What the tests do on a page before they look: clicks, keys, scrolling. Runs in the page (browser.h), behind `const truth = ...`, the
// records as they were written. What differs from the records is collected in `wrong`.
"use strict";
const wrong = [];
let checks = 0;
function same(what, shown, expected) {
  ++checks;
  const [a, b] = [JSON.stringify(shown), JSON.stringify(expected)];
  if (a !== b) wrong.push(`${what}: ${a} is shown, not ${b}`);
}
function holdsThat(what, condition) {
  ++checks;
  if (!condition) wrong.push(what);
}

// ---- doing ----
const frames = async (count = 2) => {
  for (let i = 0; i < count; ++i) await new Promise((done) => requestAnimationFrame(done));
};
async function goTo(hash) {
  location.hash = hash;
  await new Promise((done) => setTimeout(done, 50));
  await frames();
}
async function back() {
  history.back();
  await new Promise((done) => setTimeout(done, 100));
  await frames();
}
async function press(key, target = document.activeElement) {
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  await new Promise((done) => setTimeout(done, 20));
  await frames();
}
async function write(text) {
  const find = document.getElementById("find");
  find.value = text;
  find.dispatchEvent(new Event("input", { bubbles: true }));
  await frames();
}
async function scrollDown(y) {
  scrollTo(0, y);
  await frames();
}
const all = (selector, where = document) => [...where.querySelectorAll(selector)];
const text = (selector, where = document) => (where.querySelector(selector) || { textContent: "(none)" }).textContent;
const isSeen = (element) => element.checkVisibility() && element.getClientRects().length > 0;
const cards = () => all("#grid a.card");

// ---- what axe would say ----
function channelsOf(colour) {
  const numbers = colour.match(/[\d.]+/g).map(Number);
  return { rgb: numbers.slice(0, 3), alpha: numbers.length > 3 ? numbers[3] : 1 };
}
function luminance(rgb) {
  const [r, g, b] = rgb.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
// What lies behind an element's text; null where a picture does.
function backgroundOf(element) {
  for (let at = element; at; at = at.parentElement) {
    const style = getComputedStyle(at);
    if (style.backgroundImage !== "none") return null;
    const { rgb, alpha } = channelsOf(style.backgroundColor);
    if (alpha === 1) return rgb;
  }
  return [255, 255, 255];
}
const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
// WCAG 2.1, 1.4.3: 4.5 for text of ordinary size, 3 for large text.
function contrastFaults() {
  const faults = [];
  for (const element of all("body *").filter((one) => hasText(one) && isSeen(one) && !one.closest("script, style, svg, [aria-hidden=true]"))) {
    const style = getComputedStyle(element), behind = backgroundOf(element);
    if (!behind) continue;
    const [a, b] = [luminance(channelsOf(style.color).rgb), luminance(behind)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05), size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (ratio < least) faults.push(`contrast ${ratio.toFixed(2)}: ${element.tagName} ${element.className} ${element.textContent.slice(0, 30)}`);
  }
  return faults;
}
function accessibleName(element) {
  const given = element.getAttribute("aria-label") || (element.labels && element.labels.length ? element.labels[0].textContent : "");
  if (given || element.matches("input, select")) return given.trim();
  return element.textContent.trim() || all("[aria-label], img[alt]", element).map((one) => one.getAttribute("aria-label") || one.alt).join("").trim();
}
function labelFaults() {
  const faults = [];
  for (const image of all("img")) if (!image.hasAttribute("alt")) faults.push(`no alt: ${image.outerHTML}`);
  for (const thumb of all("[role=img]")) if (!thumb.getAttribute("aria-label")) faults.push(`no label: ${thumb.outerHTML}`);
  for (const one of all("a, button, input, select").filter(isSeen)) if (!accessibleName(one)) faults.push(`no name: ${one.outerHTML}`);
  const ids = all("[id]").map((one) => one.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`twice: #${id}`);
  if (all("h1").filter(isSeen).length !== 1) faults.push(`${all("h1").filter(isSeen).length} h1`);
  if (all("main").filter(isSeen).length !== 1) faults.push(`${all("main").filter(isSeen).length} main`);
  if (document.documentElement.lang !== "en") faults.push("no language");
  for (const list of all("ul").filter(isSeen)) if ([...list.children].some((child) => child.tagName !== "LI")) faults.push("a list holds what is no item");
  if (document.documentElement.scrollWidth > innerWidth) faults.push(`wider than the window: ${document.documentElement.scrollWidth}`);
  return faults;
}
function accessible(where) {
  same(`contrast, ${where}`, contrastFaults(), []);
  same(`labels, ${where}`, labelFaults(), []);
}

// Runs the checks; what it gives is the script's result.
async function conclude(run) {
  try {
    await run();
  } catch (error) {
    wrong.push(`stopped: ${error.stack}`);
  }
  return { checks, wrong };
}
