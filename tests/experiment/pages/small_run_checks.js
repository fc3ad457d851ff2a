// A run of a few pictures of one unit: driven down and up, a neuron, a diverse set; with snapshots and photographs.
const shownAs = (selector) => all(selector).map((image) => decodeURIComponent(image.src.slice(image.src.indexOf("images/"))));
const pictureAtStep = (record, step) => {
  const before = record.snapshots.filter((shot) => shot.step <= step && step < record.steps);
  return before.length ? before[before.length - 1].picture : record.picture;
};

async function allPicturesStandThere() {
  same("pictures", cards().map((card) => card.dataset.name), truth.map((record) => record.name));
  holdsThat("without sheets", all("#grid .thumb").length === 0);
  same("files", shownAs("#grid img"), truth.map((record) => record.picture));
  same("alternative texts", all("#grid img").map((image) => image.alt), cards().map((card) => `${text(".heading", card)}, ${text(".words", card)}`));
}

async function theUnitsPageShowsAllOfIt() {
  await goTo("#layer/a:7");
  same("heading", text("#view h1"), "Channel 7");
  same("groups", all("#view .group h2").map((one) => one.textContent), ["Negative: driven down", "Positive: driven up", "One neuron", "A diverse set"]);
  same("pictures", all("#view .group").map((group) => all("img.full", group).map((image) => image.dataset.name)),
    [["negative"], ["positive"], ["neuron"], ["diverse_image0", "diverse_image1"]]);
  same("objectives", all("#view .panel figcaption").map((one) => all(".words", one).pop().textContent),
    ["negative", "positive", "neuron", "diverse_image0", "diverse_image1"].map((name) => `objective ${truth.find((record) => record.name === name).objective}`));
  accessible("a unit with much to show");
}

async function theSliderGoesThroughTheSteps() {
  const range = document.querySelector("#view input[type=range]");
  const steps = [...new Set(truth.flatMap((record) => [...record.snapshots.map((shot) => shot.step), record.steps]))].sort((a, b) => a - b);
  same("as many places as steps", Number(range.max), steps.length - 1);
  for (let i = 0; i < steps.length; ++i) {
    range.value = i;
    range.dispatchEvent(new Event("input"));
    same("told", text("#view .slider output"), `step ${steps[i]}`);
    same(`at step ${steps[i]}`, all("#view img.full").map((image) => decodeURIComponent(image.src.slice(image.src.indexOf("images/")))),
      all("#view img.full").map((image) => pictureAtStep(truth.find((record) => record.name === image.dataset.name), steps[i])));
  }
}

async function photographsStandInOrder() {
  same("kinds", all("#view .kind h3").map((one) => one.textContent), ["Drawn: lowest", "Lowest", "Slightly negative", "Median", "Highest", "Drawn: highest"]);
  const activations = all("#view .crops b").map((one) => Number(one.textContent));
  same("activations rise", activations, [...activations].sort((a, b) => a - b));
  same("files", all("#view .crops img").map((image) => image.src.slice(image.src.indexOf("examples/"))), photographs);
}

async function theFigureHasAxes() {
  await goTo("#/figure");
  const rows = all("#view tbody tr");
  same("across", all("#view thead th[scope=col]").map((one) => one.textContent), ["step 4", "step 16", "step 64"]);
  same("down", rows.map((row) => text("th", row)), ["ends · image 1", "ends · image 2", "neuron", "diverse · image 1", "diverse · image 2"]);
  same("cells", rows.map((row) => all("img", row).map((image) => image.src.slice(image.src.indexOf("images/")))),
    truth.map((record) => [4, 16, 64].map((step) => pictureAtStep(record, step))));
  accessible("a figure");
  const across = document.getElementById("across");
  across.value = "0";
  across.dispatchEvent(new Event("change"));
  holdsThat("no captions where the columns say it", all("#view td .words").length === 0);
  same("variants across", all("#view thead th[scope=col]").map((one) => one.textContent), ["ends", "neuron", "diverse"]);
}

async function imagesSayWhatTheyAreOf() {
  const across = document.getElementById("across");
  across.value = [...across.options].findIndex((option) => option.textContent === "image");
  across.dispatchEvent(new Event("change"));
  same("images across", all("#view thead th[scope=col]").map((one) => one.textContent), ["image 1", "image 2"]);
  const ends = all("#view tbody tr").filter((row) => text("th", row).startsWith("ends")).map((row) => all(".words", row).map((one) => one.textContent));
  same("what they are of", ends, [4, 16, 64].map(() => ["minus channel 7", "channel 7"]));
}

async function onePictureHasAPage() {
  await goTo("#/picture/diverse_image1");
  const record = truth.find((one) => one.name === "diverse_image1");
  same("picture", shownAs("#view img.full"), [record.picture]);
  same("crumbs", all("#view .crumbs a").map((one) => one.getAttribute("href")), ["#", "#layer/a", "#layer/a:7"]);
  const curve = document.querySelector("#view .curve").getAttribute("d").slice(1).split("L").map((point) => point.split(" ").map(Number));
  const values = record.curve.map((point) => point[1]), low = Math.min(...values), high = Math.max(...values);
  const off = record.curve.map(([step, value], i) => Math.max(Math.abs(curve[i][0] - step / 63 * 300), Math.abs(curve[i][1] - (high - value) / (high - low) * 130)));
  // Half of one of 4095 parts of 130 pixels is .016, half a digit of the path .005.
  same("points", curve.length, record.curve.length);
  holdsThat(`the curve is the record's: ${Math.max(...off)}`, Math.max(...off) < 0.022);
  await press("Escape", document.body);
  same("up", location.hash, "#layer/a:7");
}

conclude(async () => {
  await frames();
  accessible("all pictures");
  await allPicturesStandThere();
  await theUnitsPageShowsAllOfIt();
  await theSliderGoesThroughTheSteps();
  await photographsStandInOrder();
  await theFigureHasAxes();
  await imagesSayWhatTheyAreOf();
  await onePictureHasAPage();
});
