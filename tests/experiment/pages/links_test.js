// Links in pages: `node links_test.js PAGES`. Evaluates linkTo of head.html, and looks that every page uses it.
"use strict";
const fs = require("fs");
const path = require("path");
const folder = process.argv[2];
const text = (name) => fs.readFileSync(path.join(folder, name), "utf8");
const head = text("head.html");
const linkTo = new Function(`${head.slice(head.indexOf("<script>") + 8, head.indexOf("</script>"))}; return linkTo;`)();

const wrong = [];
const expected = [
  ["unit #4 50% (a?b)/images/a_1.png", "unit%20%234%2050%25%20(a%3Fb)/images/a_1.png"],
  ["'q'&\"dq\" <x>.png", "'q'%26%22dq%22%20%3Cx%3E.png"],
  ["a\\b\nc/d", "a%5Cb%0Ac/d"],
  ["http:x/a:b", "http%3Ax/a%3Ab"],
  ["ümläut %28/猫.png", "%C3%BCml%C3%A4ut%20%2528/%E7%8C%AB.png"],
  ["caf\ufffdE9.png", "caf%E9.png"],              // a byte that is no UTF-8
  ["\ufffdEF\ufffdBF\ufffdBD.png", "%EF%BF%BD.png"],  // U+FFFD itself
  ["\ufffdzz", "%EF%BF%BDzz"],
];
for (const [name, link] of expected) if (linkTo(name) !== link) wrong.push(`${JSON.stringify(name)}: ${linkTo(name)} and not ${link}`);
const scripts = [...fs.readdirSync(folder).filter((name) => name.endsWith("_page.html")),
  ...fs.readdirSync(path.join(folder, "report")).filter((name) => name.endsWith(".js")).map((name) => `report/${name}`)];
for (const page of scripts) {
  for (const line of text(page).split("\n")) {
    // Addresses within a page are made by encodeURIComponent and by the functions to...() of report/run.js.
    const links = /\bencodeURI\b|\.src = (?!linkTo\()|[{ ]src: (?!linkTo\()|\.href = (?!linkTo\(|`#\$\{encodeURIComponent\()|\bhref: (?!linkTo\(|to[A-Z(]|"#)|\burl\((?!"\$\{linkTo\()/;
    if (links.test(line)) wrong.push(`${page}: a link without linkTo: ${line.trim()}`);
  }
}
console.log(wrong.join("\n") || `${expected.length} links are right`);
process.exit(wrong.length ? 1 : 0);
