// The page of a run in a browser: clicked, searched, scrolled, moved in by keys, and compared with the records.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "experiment/pages/thumbnails.h"
#include "experiment/run/report.h"
#include "tests/experiment/pages/browser.h"
#include "tests/experiment/pages/written_run.h"

namespace phosphene::testing::page_test {
namespace {

constexpr int64_t kSide = WrittenRun::kSide;

#define NEEDS_A_BROWSER() \
  if (find_browser().empty()) GTEST_SKIP() << "there is no chromium on the PATH: the page is not looked at"

std::string script(const std::string& name) { return contents_of(std::string(PHOSPHENE_PAGE_CHECKS) + "/" + name); }

// Runs the checks on a page: all are right, and there are as many as there should be.
void check(Browser& browser, const std::string& page, const std::string& truth, const std::string& checks,
           int64_t least) {
  browser.open(page);
  const Json result = browser.evaluate(truth + script("browser_checks.js") + checks);
  ASSERT_TRUE(result.is_object()) << result;
  for (const Json& wrong : result["wrong"]) ADD_FAILURE() << wrong.get<std::string>();
  EXPECT_GE(result["checks"].get<int64_t>(), least);
}

std::string truth_of(const Json& records) { return "const truth = " + records.dump() + ";"; }

// ---- many units ----

constexpr int64_t kUnits = 180;  // in each of two layers

WrittenRun& many_units() {
  static WrittenRun run({{"version", 1}, {"size", kSide}, {"steps", 64}});
  static const bool written = [] {
    int64_t job = 0;
    for (const char* layer : {"alpha", "beta"}) {
      for (int64_t unit = 0; unit < kUnits; ++unit, ++job)
        run.add(fmt::format("{}_{:04}", layer, unit), channel_terms(layer, unit), {{"/objective/0/channel/unit", unit}},
                job, 0, 0.5 * static_cast<double>(job * 7 % 360) + 1, {});
    }
    return true;
  }();
  EXPECT_TRUE(written);
  return run;
}

// Where the page should find each picture on the sheets that it names.
void add_parts(WrittenRun& run, const std::string& page) {
  const std::string text = contents_of(page), open = "id=\"run\">";
  const size_t first = text.find(open) + open.size();
  const Json data = Json::parse(text.substr(first, text.find("</script>", first) - first));
  constexpr int64_t kMargin = (kThumbnailSide - kSide) / 2;
  for (size_t i = 0; i < run.records().size(); ++i) {
    const int64_t cell = static_cast<int64_t>(i) % 100;  // a hundred to a sheet, in the order of the run
    const std::string file = data["sheets"][i / 100]["file"];
    run.records()[i]["part"] = {file.substr(file.rfind('/') + 1), kSide, kSide, cell % 10 * kThumbnailSide + kMargin,
                                cell / 10 * kThumbnailSide + kMargin};
  }
}

TEST(Page, OfManyUnitsCanBeSearchedScrolledAndMovedIn) {
  NEEDS_A_BROWSER();
  WrittenRun& run = many_units();
  const std::string page = write_report(run.folder().path().string());
  add_parts(run, page);
  Browser browser;
  check(browser, page, truth_of(run.records()), script("many_units_checks.js"), 80);
}

TEST(Page, ShowsThePicturesWhereASheetIsLost) {
  NEEDS_A_BROWSER();
  WrittenRun& run = many_units();
  const std::string page = write_report(run.folder().path().string());
  for (const auto& entry : std::filesystem::directory_iterator(run.folder().file("thumbnails")))
    std::filesystem::remove(entry);
  Browser browser;
  check(browser, page, truth_of(run.records()), R"(conclude(async () => {
    await new Promise((done) => setTimeout(done, 200));
    await frames();
    same("pictures", all("#grid img").map((image) => image.src.slice(image.src.indexOf("images/"))),
      truth.slice(0, cards().length).map((record) => record.picture));
    holdsThat("some", cards().length > 8);
  });)",
        2);
}

// ---- a few pictures of one unit ----

Json example(const std::string& name, double activation) {
  return {{"photograph", name + ".jpg"},
          {"activation", activation},
          {"crop", {1, 2, 30, 40}},
          {"picture", "crops/" + name + ".jpg"}};
}

// The photographs of unit 7, best first as an index has them. Their crops' names in the order that the page should have them.
Json write_photographs(const TemporaryFolder& folder) {
  std::filesystem::create_directories(folder.file("examples/unit7"));
  const Json unit = {{"unit", 7},
                     {"highest", {example("h1", 9), example("h2", 8)}},
                     {"median", {example("m1", 1), example("m2", 2)}},
                     {"below_zero", {example("b1", -0.125), example("b2", -0.5)}},
                     {"lowest", {example("l1", -5), example("l2", -4)}}};
  const Json index = {{"asked", {{"layer", "layer/a:pre"}}}, {"units", Json::array({unit})}};
  (void)folder.write("examples/unit7/index.json", index.dump());
  Json order = Json::array();
  for (const char* name : {"l1", "l2", "b2", "b1", "m1", "m2", "h2", "h1"})
    order.push_back(fmt::format("examples/unit7/crops/{}.jpg", name));
  return order;
}

void check_small_run(Browser& browser) {
  WrittenRun run(config_of_a_unit());
  add_pictures_of_a_unit(run);
  const Json photographs = write_photographs(run.folder());
  const std::string truth = truth_of(run.records()) + "const photographs = " + photographs.dump() + ";";
  check(browser, write_report(run.folder().path().string()), truth, script("small_run_checks.js"), 36);
}

TEST(Page, OfOneUnitShowsAllThatIsKnown) {
  NEEDS_A_BROWSER();
  Browser browser;
  check_small_run(browser);
}

TEST(Page, InTheDarkAndOnAPhone) {
  NEEDS_A_BROWSER();
  Browser browser;
  browser.set_window(390, 844);
  browser.set_dark();
  check_small_run(browser);
}

// ---- several runs ----

TEST(Page, OfSeveralRunsShowsPhotographsBetweenTheEnds) {
  NEEDS_A_BROWSER();
  WrittenRun run(config_of_a_unit()), plain(Json{{"version", 1}, {"title", "Another"}});
  add_pictures_of_a_unit(run);
  plain.add("one", channel_terms("b", 3), Json::object(), 0, 0, 5, {});
  const Json photographs = write_photographs(run.folder());
  const TemporaryFolder runs;
  std::filesystem::create_directory_symlink(run.path(), runs.file("01_unit"));
  std::filesystem::create_directory_symlink(plain.path(), runs.file("02_other"));
  const std::string truth = truth_of(run.records()) + "const photographs = " + photographs.dump() + ";";
  Browser browser;
  check(browser, write_collection(runs.path().string()), truth, R"(conclude(async () => {
    const files = (selector) => all(selector).map((image) => image.src.slice(image.src.indexOf("01_unit/") + 8));
    same("titles", all("h2").map((one) => one.textContent), ["One unit", "Another"]);
    const [low, high] = ["negative", "positive"].map((name) => truth.find((record) => record.name === name).picture);
    same("from end to end", files("[id='01_unit'] .spectrum img"), [low, ...photographs, high]);
    const others = truth.flatMap((record) => [...record.snapshots.map((shot) => shot.picture), record.picture]);
    same("the others", files("[id='01_unit'] .row img"), others.filter((picture) => picture !== low && picture !== high));
    same("captions", all("[id='02_other'] figcaption").map((one) => one.textContent), ["channel 3bobjective 5"]);
    accessible("several runs");
  });)",
        6);
}

}  // namespace
}  // namespace phosphene::testing::page_test
