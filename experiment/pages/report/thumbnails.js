// Small pictures: cut out of a sheet of many where there is one, else the picture itself.

const lostSheets = new Set();   // that could not be loaded
const askedSheets = new Map();  // sheet -> the image that loads it
let whenSheetIsLost = () => {};

function ask(sheet) {
  if (askedSheets.has(sheet)) return;
  const image = new Image();
  askedSheets.set(sheet, image);
  image.onerror = () => {
    lostSheets.add(sheet);
    whenSheetIsLost();
  };
  image.src = linkTo(run.sheets[sheet].file);
}

// The part of a sheet that fills a box of the run's ratio: the picture's middle.
function partOf(record) {
  const [sheet, cell, width, height] = record.thumb;
  const { side, across } = run.sheets[sheet];
  const w = Math.min(width, height * ratio), h = Math.min(height, width / ratio);
  return { x: cell % across * side + (side - w) / 2, y: Math.floor(cell / across) * side + (side - h) / 2, w, h };
}

// As percentages, so that the box may have any size.
function styleOf(record) {
  const { file, width, height } = run.sheets[record.thumb[0]];
  const { x, y, w, h } = partOf(record);
  const place = (offset, part, whole) => whole === part ? 0 : offset / (whole - part) * 100;
  return `background-image: url("${linkTo(file)}"); background-size: ${width / w * 100}% ${height / h * 100}%; ` +
    `background-position: ${place(x, w, width)}% ${place(y, h, height)}%`;
}

function thumbnail(record, alt) {
  const thumb = record.thumb;
  if (!thumb || lostSheets.has(thumb[0]))
    return element("img", { src: linkTo(record.picture), alt, loading: "lazy", decoding: "async" });
  ask(thumb[0]);
  return element("span", { class: "thumb", role: alt ? "img" : "presentation", "aria-label": alt || null, style: styleOf(record) });
}

// ---- the shape of pictures ----
const size = config.size === undefined ? null : [].concat(config.size);
const ratio = size ? size[size.length - 1] / size[0] : 1;  // width over height
document.documentElement.style.setProperty("--ratio", String(ratio));
document.documentElement.classList.toggle("transparent", JSON.stringify(config).includes('"transparency":'));
