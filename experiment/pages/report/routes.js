// What the address shows, and the keys.
//   #?find=...            all pictures, or some (search.js)
//   #LAYER:UNIT           a unit; LAYER alone its poster
//   #/picture/NAME        one picture
//   #/figure              the figure
const scrolled = new Map();  // address -> how far down its page was
let address = null;
let page = null;  // what is shown instead of all pictures

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    return text;
  }
}

// The page at an address; null for that of all pictures, undefined where there is none.
function pageAt(hash) {
  const text = hash.replace(/^#/, "");
  if (text === "" || text.startsWith("?")) return null;
  const name = decoded(text);
  const unit = units.get(name) || units.get(name.replace(/:pre(?=:[^:]*$)/, ""));
  if (unit) return unitPage(unit);
  if (layers.has(name)) return layerPage(name);
  if (name === "/figure" && hasFigure()) return figurePage();
  const record = name.startsWith("/picture/") && byName.get(name.slice("/picture/".length));
  return record ? picturePage(record) : undefined;
}

const lost = (hash) => ({
  title: "Not in this run", up: "#",
  content: [crumbs(["#", at("title").textContent]), element("h1", { tabindex: -1 }, "Not in this run"),
    element("p", { class: "words" }, "There is no picture of ", element("code", {}, decoded(hash.replace(/^#/, ""))), " here.")],
});

function showPage() {
  const view = at("view");
  view.replaceChildren(...page.content.filter(Boolean));
  if (page.ready) page.ready();
  view.querySelector("h1").focus({ preventScroll: true });
}

function go() {
  const before = address;
  address = location.hash;
  const found = pageAt(address);
  page = found === undefined ? lost(address) : found;
  poster = null;
  at("home").hidden = page !== null;
  at("view").hidden = page === null;
  document.title = page ? page.title : at("title").textContent;
  if (page) {
    showPage();
  } else {
    at("view").replaceChildren();
    takeChoice(address.replace(/^#\??/, ""));
    showChosen();
  }
  scrollTo(0, scrolled.get(address) || 0);
  if (!page) {
    grid.later();
    returnTo(before);
  }
}

// The focus goes back to the picture that was followed.
function returnTo(before) {
  if (before === null) return;
  const link = [...at("grid").querySelectorAll("a.card")].find((one) => one.getAttribute("href") === before);
  if (link) link.focus({ preventScroll: true });
}

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const writes = event.target.closest("input, select, textarea, .scroller, .spectrum");
  if (event.key === "Escape") {
    if (page) location.hash = page.up;
    else if (choiceInAddress()) at("clear").click();
  } else if (writes) {
    return;
  } else if (event.key === "/") {
    if (page) location.hash = "";
    at("find").focus();
  } else if (!(poster || (page ? null : grid) || { key: () => false }).key(event)) {
    const link = at("view").querySelector({ ArrowLeft: "a[rel=prev]", ArrowRight: "a[rel=next]" }[event.key] || "none");
    if (!link) return;
    link.click();
  }
  event.preventDefault();
}

function start() {
  tellOfRun();
  prepareSearch();
  history.scrollRestoration = "manual";
  addEventListener("scroll", () => scrolled.set(address, scrollY), { passive: true });
  addEventListener("hashchange", go);
  addEventListener("keydown", key);
  go();
}
start();
