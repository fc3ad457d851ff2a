// A run of hundreds of units in two layers.
const unitKey = (record) => `${record.layer}:${record.unit}`;
const byHeading = (record) => `channel ${record.unit}`;

async function theGridShowsWhatIsSeen() {
  holdsThat(`few of ${truth.length} are in the document: ${cards().length}`, cards().length >= 8 && cards().length < 80);
  same("the first card", text(".heading", cards()[0]), byHeading(truth[0]));
  same("names", cards().map((card) => card.dataset.name), truth.slice(0, cards().length).map((record) => record.name));
  same("objectives", cards().map((card) => text(".result span", card)), truth.slice(0, cards().length).map((record) => String(Number(record.objective.toPrecision(4)))));
  for (let y = 0; y < document.documentElement.scrollHeight; y += 2400) {
    await scrollDown(y);
    holdsThat(`few at ${y}: ${cards().length}`, cards().length < 80);
    const first = Number(cards()[0].parentElement.dataset.index);
    same(`names at ${y}`, cards().map((card) => card.dataset.name), truth.slice(first, first + cards().length).map((record) => record.name));
  }
  await scrollDown(document.documentElement.scrollHeight);
  same("the last card", cards()[cards().length - 1].dataset.name, truth[truth.length - 1].name);
  holdsThat(`few at the end: ${cards().length}`, cards().length < 80);
  const box = cards()[cards().length - 1].getBoundingClientRect();
  holdsThat(`the last card is in the window: ${box.top}`, box.top > 0 && box.bottom < innerHeight);
  await scrollDown(0);
  same("the first card again", cards()[0].dataset.name, truth[0].name);
}

// Which part of its sheet a thumbnail shows: `part` of the records is its width, height, left and top on the sheet.
async function thumbnailsShowTheirPictures() {
  const thumbs = all("#grid .thumb");
  same("thumbnails come from sheets", thumbs.length, cards().length);
  for (const thumb of thumbs) {
    const record = truth.find((one) => one.name === thumb.closest("a").dataset.name);
    const style = getComputedStyle(thumb), sheet = new Image();
    sheet.src = style.backgroundImage.slice(5, -2);
    await sheet.decode();
    const whole = [sheet.naturalWidth, sheet.naturalHeight];
    const part = style.backgroundSize.split(" ").map((size, i) => whole[i] / parseFloat(size) * 100);
    const from = style.backgroundPosition.split(" ").map((place, i) => parseFloat(place) / 100 * (whole[i] - part[i]));
    same(`part of ${sheet.src.split("/").pop()}, ${record.name}`, [sheet.src.split("/").pop(), ...[...part, ...from].map(Math.round)], record.part);
  }
}

async function searchFinds() {
  await press("/");
  same("the focus after /", document.activeElement.id, "find");
  for (const [asked, fits] of [
    ["17", (record) => record.unit === 17], ["beta:17", (record) => record.layer === "beta" && record.unit === 17],
    ["BETA channel 3", (record) => record.layer === "beta" && record.unit === 3], ["alph", (record) => record.layer === "alpha"], ["gamma", () => false]]) {
    await write(asked);
    const expected = truth.filter(fits);
    same(`found: ${asked}`, cards().map((card) => card.dataset.name), expected.slice(0, cards().length).map((record) => record.name));
    if (expected.length < truth.length) same(`told: ${asked}`, text("#shown"), expected.length ? `${expected.length} of ${truth.length}` : "Nothing is like this");
  }
  await write("");
  for (const order of ["high", "low"]) {
    const select = document.getElementById("order");
    select.value = order;
    select.dispatchEvent(new Event("change"));
    await frames();
    const sorted = [...truth].sort((a, b) => (order === "high" ? b.objective - a.objective : a.objective - b.objective));
    same(`the first of ${order}`, cards().slice(0, 5).map((card) => card.dataset.name), sorted.slice(0, 5).map((record) => record.name));
    same("the address", location.hash, `#?order=${order}`);
  }
  document.getElementById("clear").click();
  await frames();
  same("all again", cards()[0].dataset.name, truth[0].name);
}

async function linksAndTheBackButtonWork() {
  await write("beta");
  await scrollDown(900);
  const card = cards().find((one) => one.getBoundingClientRect().top > 0), name = card.dataset.name;
  const record = truth.find((one) => one.name === name);
  card.click();
  await new Promise((done) => setTimeout(done, 50));
  same("the unit's address", location.hash, `#${unitKey(record)}`);
  same("its heading", text("#view h1"), `Channel ${record.unit}`);
  same("the title", document.title, `Channel ${record.unit} of ${record.layer}`);
  holdsThat("its picture", document.querySelector("#view img.full").src.endsWith(record.picture));
  same("its facts", all("#view dd").map((dd) => dd.textContent), [String(Number(record.objective.toPrecision(4))), String(record.steps), String(record.seed)]);
  accessible("a unit");
  await press("ArrowRight", document.body);
  same("the next unit", location.hash, `#beta:${record.unit + 1}`);
  await press("ArrowLeft", document.body);
  same("the unit again", location.hash, `#${unitKey(record)}`);
  const near = all("#view .strip a").map((one) => one.getAttribute("href"));
  same("neighbours", near, Array.from({ length: near.length }, (_, i) => `#beta:${Math.max(0, record.unit - 6) + i}`));
  holdsThat("some neighbours", near.length > 6);
  await back();
  await back();
  await back();
  same("the search after going back", [location.hash, document.getElementById("find").value], ["#?find=beta", "beta"]);
  same("where it was", Math.round(scrollY), 900);
  same("the focus", document.activeElement.dataset.name, name);
  await press("Escape");
  same("the search is gone", document.getElementById("find").value, "");
}

async function keysMoveInTheGrid() {
  await scrollDown(0);
  cards()[0].focus();
  const columns = cards().filter((card) => card.getBoundingClientRect().top === cards()[0].getBoundingClientRect().top).length;
  for (const [key, expected] of [["ArrowRight", 1], ["ArrowDown", 1 + columns], ["ArrowLeft", columns], ["ArrowUp", 0]]) {
    await press(key);
    same(`the focus after ${key}`, document.activeElement.dataset.name, truth[expected].name);
  }
  for (let i = 0; i < 8; ++i) await press("ArrowDown");
  same("the focus eight rows on", document.activeElement.dataset.name, truth[8 * columns].name);
  const box = document.activeElement.getBoundingClientRect();
  holdsThat(`it is in the window: ${box.top}`, box.top >= 0 && box.bottom <= innerHeight);
}

async function theLayersPosterHoldsAllUnits() {
  await goTo("#beta");
  const shown = all("#view .tile"), units = truth.filter((record) => record.layer === "beta").map((record) => record.unit);
  same("heading", text("#view h1"), "beta");
  same("units", shown.map((one) => one.getAttribute("href")), units.slice(0, shown.length).map((unit) => `#beta:${unit}`));
  holdsThat("more than a row of them", shown.length > 15);
  accessible("a layer");
  await scrollDown(document.documentElement.scrollHeight);
  same("the last", all("#view .tile").pop().getAttribute("href"), `#beta:${units[units.length - 1]}`);
  await press("Escape", document.body);
  same("up", location.hash.replace("#", ""), "");
  await goTo("#beta:nothing");
  same("what is not there", text("#view h1"), "Not in this run");
}

conclude(async () => {
  await frames();
  accessible("all pictures");
  await theGridShowsWhatIsSeen();
  await thumbnailsShowTheirPictures();
  await searchFinds();
  await linksAndTheBackButtonWork();
  await keysMoveInTheGrid();
  await theLayersPosterHoldsAllUnits();
});
