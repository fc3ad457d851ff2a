#include "experiment/examples/examples.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "experiment/photos/photo_file.h"
#include "experiment/photos/photo_tiles.h"
#include "loaders/load_model.h"
#include "loaders/model_file.h"
#include "tests/experiment/small_experiment.h"
#include "tests/networks/network_run.h"

namespace phosphene::testing::examples_test {
namespace {

namespace fs = std::filesystem;

const std::vector<std::pair<int64_t, int64_t>> kSizes = {{24, 24},  {40, 60}, {90, 31}, {12, 12},
                                                         {24, 200}, {7, 9},   {64, 64}};

// A small network and seven photographs of noise, of all shapes.
class ExamplesTest : public ::testing::Test {
 protected:
  ExamplesTest() {
    save_model(small_network(), folder_.file("small.safetensors"));
    fs::create_directories(folder_.path() / "photos" / "below");
    for (size_t i = 0; i < kSizes.size(); ++i) write_noise(name(i), kSizes[i].first, kSizes[i].second, i);
  }

  static std::string name(size_t i) { return (i % 2 == 0 ? "p" : "below/p") + std::to_string(i) + ".png"; }
  [[nodiscard]] std::string photo(const std::string& which) const { return folder_.file("photos/" + which); }

  void write_noise(const std::string& which, int64_t height, int64_t width, size_t seed) const {
    std::mt19937 generator(static_cast<unsigned>(seed));
    std::vector<float> planar;
    for (int64_t i = 0; i < 3 * height * width; ++i) planar.push_back(static_cast<float>(generator() >> 24) / 255.F);
    write_png(photo(which), planar.data(), 3, height, width);
  }

  [[nodiscard]] ExamplesOptions options(const std::string& out) const {
    ExamplesOptions options;
    options.model = folder_.file("small.safetensors");
    options.folder = folder_.file("photos");
    options.layer = "conv3:pre";
    options.out = folder_.file(out);
    options.per_unit = 3;
    options.scales = {1, 0.5};
    options.device.device = "cpu";
    options.device.threads = 1;
    return options;
  }

  [[nodiscard]] Json index(const std::string& out) const { return read_json(folder_.file(out + "/index.json")); }

  TemporaryFolder folder_;
};

// Stops, or dies, after some photographs.
class After final : public Progress {
 public:
  explicit After(int64_t photographs, bool die = false) : photographs_(photographs), die_(die) {}
  void on_status(const std::string& line, double eta_seconds) override {
    EXPECT_GE(eta_seconds, 0);
    if (line.find(" photographs  ") == std::string::npos || ++seen_ != photographs_) return;
    if (die_) throw std::runtime_error("died");
    stop = true;
  }
  void on_message(const std::string& line) override { messages.push_back(line); }

  std::atomic<bool> stop = false;
  std::vector<std::string> messages;

 private:
  int64_t photographs_, seen_ = 0;
  bool die_;
};

struct Found {
  double activation;
  std::string photograph;
  auto operator<=>(const Found&) const = default;
};

std::vector<Found> found_in(const Json& list) {
  std::vector<Found> found;
  for (const Json& example : list) found.push_back({example["activation"], example["photograph"]});
  return found;
}

using ByPhotograph = std::map<std::string, std::vector<double>>;

// Every activation of a unit of conv3:pre in every tile at both scales, by the network's own program for each.
ByPhotograph all_activations(const std::map<std::string, Photo>& photographs, size_t unit) {
  static const Model model = small_network();
  ByPhotograph all;
  for (const auto& [name, photo] : photographs) {
    for (const int64_t side : {24, 12}) {
      for (const HostTensor& tile : PhotoTiles(photo.height, photo.width, side, side).cut(photo)) {
        const HostTensor prepared{{1, side, side, 3}, prepare_input(model.preprocessing, tile)};
        Array input{{1, 3, side, side}, {}};
        for (int64_t c = 0; c < 3; ++c)
          for (int64_t i = 0; i < side * side; ++i) input.data.push_back(prepared.data[static_cast<size_t>(i * 3 + c)]);
        const HostTensor map = activations(model, input, {"conv3:pre"}).at("conv3:pre");
        const auto plane = static_cast<size_t>(map.dims[2] * map.dims[3]);
        all[name].insert(all[name].end(), map.data.begin() + static_cast<ptrdiff_t>(unit * plane),
                         map.data.begin() + static_cast<ptrdiff_t>((unit + 1) * plane));
      }
    }
  }
  return all;
}

// For each photograph its best value, all of them sorted.
std::vector<Found> full_sort(const ByPhotograph& all, bool highest, double below) {
  std::vector<Found> found;
  for (const auto& [name, values] : all) {
    std::vector<double> fitting;
    for (const double value : values)
      if (value < below) fitting.push_back(value);
    if (fitting.empty()) continue;
    found.push_back({highest ? *std::max_element(fitting.begin(), fitting.end())
                             : *std::min_element(fitting.begin(), fitting.end()),
                     name});
  }
  std::sort(found.begin(), found.end(), [&](const Found& a, const Found& b) {
    return a.activation != b.activation ? (a.activation > b.activation) == highest : a.photograph < b.photograph;
  });
  return found;
}

void expect_first(const std::vector<Found>& found, std::vector<Found> sorted, const std::string& kind) {
  sorted.resize(std::min<size_t>(sorted.size(), 3));
  ASSERT_EQ(found.size(), sorted.size()) << kind;
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].photograph, sorted[i].photograph) << kind << " " << i;
    // The index has nine digits of a float32.
    EXPECT_NEAR(found[i].activation, sorted[i].activation, 1e-8 * std::abs(sorted[i].activation)) << kind << " " << i;
  }
}

TEST_F(ExamplesTest, AreThoseOfAFullSort) {
  const ExamplesResult result = find_examples(options("out"));
  EXPECT_EQ(result.photographs, 7);
  EXPECT_FALSE(result.interrupted);
  std::map<std::string, Photo> photographs;
  for (size_t i = 0; i < kSizes.size(); ++i) photographs[name(i)] = read_photo(photo(name(i)));
  const Json units = index("out")["units"];
  ASSERT_EQ(units.size(), 6U);
  for (size_t unit = 0; unit < 6; ++unit) {
    SCOPED_TRACE(unit);
    const ByPhotograph all = all_activations(photographs, unit);
    const std::vector<Found> highest = full_sort(all, true, std::numeric_limits<double>::infinity());
    expect_first(found_in(units[unit]["highest"]), highest, "highest");
    expect_first(found_in(units[unit]["lowest"]), full_sort(all, false, std::numeric_limits<double>::infinity()),
                 "lowest");
    expect_first(found_in(units[unit]["below_zero"]), full_sort(all, true, 0), "below_zero");
    expect_first(found_in(units[unit]["median"]), {highest[3], highest[4], highest[2]}, "median");
  }
}

TEST_F(ExamplesTest, BehindAReluNothingIsNegative) {
  ExamplesOptions behind = options("out");
  behind.layer = "conv3";
  behind.units = "1";
  find_examples(behind);
  const Json unit = index("out")["units"][0];
  EXPECT_TRUE(unit["below_zero"].empty());
  EXPECT_EQ(unit["lowest"].size(), 3U);
}

// conv3 sees 9 x 9 pixels about 2 row, 2 column: 4 pixels before, 4 after.
TEST_F(ExamplesTest, CropsAreTheReceptiveFieldInThePhotograph) {
  find_examples(options("out"));
  int64_t crops = 0;
  const Json units = index("out")["units"];
  for (const Json& unit : units) {
    for (const char* kind : {"highest", "median", "below_zero", "lowest"}) {
      for (const Json& example : unit[kind]) {
        const Photo crop = read_photo(folder_.file("out/" + example["picture"].get<std::string>()));
        EXPECT_EQ(crop.width, example["crop"][2]);
        EXPECT_EQ(crop.height, example["crop"][3]);
        ++crops;
        if (example["photograph"] != "p0.png" || example["scale"] != 1.0) continue;  // 24 x 24: mapped one to one
        const int64_t row = example["position"][0], first = std::max<int64_t>(0, 2 * row - 4);
        EXPECT_EQ(example["crop"][1], first);
        EXPECT_EQ(example["crop"][3], std::min<int64_t>(24, 2 * row + 5) - first);
      }
    }
  }
  EXPECT_EQ(crops, 5 * 12 + 9) << "unit 5 is nowhere below zero";
}

TEST_F(ExamplesTest, AStoppedSearchContinuesToTheSameBytes) {
  find_examples(options("whole"));
  for (const int64_t stop_after : {1, 4, 6}) {
    SCOPED_TRACE(stop_after);
    const std::string out = "parts" + std::to_string(stop_after);
    After progress(stop_after);
    ExamplesOptions part = options(out);
    part.stop = &progress.stop;
    part.progress = &progress;
    const ExamplesResult stopped = find_examples(part);
    EXPECT_TRUE(stopped.interrupted);
    EXPECT_EQ(stopped.photographs, stop_after);
    EXPECT_FALSE(fs::exists(folder_.file(out + "/examples.html")));
    const ExamplesResult rest = find_examples(options(out));
    EXPECT_EQ(rest.now, 7 - stop_after);
    EXPECT_TRUE(files_of(folder_.file("whole")) == files_of(folder_.file(out)));
  }
  const ExamplesResult again = find_examples(options("whole"));
  EXPECT_EQ(again.now, 0);
  EXPECT_EQ(again.photographs, 7);
  EXPECT_TRUE(files_of(folder_.file("whole")) == files_of(folder_.file("parts4")));
}

TEST_F(ExamplesTest, AKilledSearchContinuesFromItsLastSave) {
  find_examples(options("whole"));
  After progress(5, true);
  ExamplesOptions part = options("killed");
  part.seconds_between_saves = 0;
  part.progress = &progress;
  EXPECT_THROW(find_examples(part), std::runtime_error);
  EXPECT_EQ(index("killed")["photographs"], 4);
  EXPECT_EQ(find_examples(options("killed")).now, 3);
  EXPECT_TRUE(files_of(folder_.file("whole")) == files_of(folder_.file("killed")));
}

TEST_F(ExamplesTest, PhotographsAddedBehindTheLastAreTakenUp) {
  find_examples(options("later"));
  write_noise("q.png", 30, 30, 99);
  EXPECT_EQ(find_examples(options("later")).now, 1);
  find_examples(options("whole"));
  EXPECT_TRUE(files_of(folder_.file("whole")) == files_of(folder_.file("later")));
}

TEST_F(ExamplesTest, OtherPhotographsThanBeforeAreRefusedUntilRestart) {
  find_examples(options("out"));
  fs::remove(photo(name(2)));
  write_noise("below/a.png", 24, 24, 50);
  EXPECT_TRUE(refuses([&] { find_examples(options("out")); }, {"photos", "other photographs", "--restart"}));
  ExamplesOptions restart = options("out");
  restart.restart = true;
  EXPECT_EQ(find_examples(restart).now, 7);
  find_examples(options("fresh"));
  EXPECT_TRUE(files_of(folder_.file("fresh")) == files_of(folder_.file("out")));
}

TEST_F(ExamplesTest, AnotherQuestionIsRefusedUntilRestart) {
  ExamplesOptions first = options("out");
  first.per_unit = 5;
  find_examples(first);
  const auto before = files_of(folder_.file("out"));
  EXPECT_TRUE(refuses([&] { find_examples(options("out")); }, {"out", "/per_unit is 5 there and 3 now", "--restart"}));
  ExamplesOptions other = options("out");
  other.per_unit = 5;
  other.layer = "conv2:pre";
  EXPECT_TRUE(refuses([&] { find_examples(other); }, {"conv2:pre", "conv3:pre"}));
  other.layer = "conv3:pre";
  other.scales = {1};
  EXPECT_TRUE(refuses([&] { find_examples(other); }, {"/scales"}));
  // Another network of the same name.
  Model changed = small_network(), scaled = changed;
  changed.preprocessing.mean[1] = 116;
  scaled.preprocessing.scale[1] = 254;
  other.scales = first.scales;
  other.model = folder_.file("changed.safetensors");
  for (const Model& another : {changed, scaled}) {
    save_model(another, folder_.file("changed.safetensors"));
    EXPECT_TRUE(refuses([&] { find_examples(other); }, {"/fingerprint"}));
  }
  EXPECT_TRUE(before == files_of(folder_.file("out")));
  ExamplesOptions restart = options("out");
  restart.restart = true;
  find_examples(restart);
  find_examples(options("fresh"));
  EXPECT_TRUE(files_of(folder_.file("fresh")) == files_of(folder_.file("out"))) << "no crop of the first is left";
}

TEST_F(ExamplesTest, BrokenPhotographsAreSkippedAndNamed) {
  std::string half = contents_of(photo(name(4)));
  half.resize(half.size() / 2);
  (void)folder_.write("photos/" + name(4), half);
  (void)folder_.write("photos/text.jpg", "no photograph\n");
  (void)folder_.write("photos/empty.png", "");
  After progress(-1);
  ExamplesOptions with = options("out");
  with.progress = &progress;
  const ExamplesResult result = find_examples(with);
  EXPECT_EQ(result.photographs, 9);
  EXPECT_EQ(result.skipped, 3);
  ASSERT_EQ(progress.messages.size(), 3U);
  EXPECT_TRUE(progress.messages[0].starts_with("skipped empty.png: ")) << progress.messages[0];
  EXPECT_TRUE(progress.messages[1].starts_with("skipped " + name(4) + ": a broken PNG")) << progress.messages[1];
  EXPECT_TRUE(progress.messages[2].starts_with("skipped text.jpg: is neither")) << progress.messages[2];
  const Json skipped = index("out")["skipped"];
  EXPECT_EQ(skipped["count"], 3);
  EXPECT_EQ(skipped["first"][1]["photograph"], name(4));
  EXPECT_EQ(skipped["kinds"],
            (Json{{"a broken PNG", 1}, {"neither a PNG nor a JPEG file", 1}, {"the file is empty", 1}}));
  EXPECT_EQ(result.skipped_kinds.at("a broken PNG"), 1);
  for (const std::string& gone : {std::string("empty.png"), std::string("text.jpg"), name(4)}) fs::remove(photo(gone));
  find_examples(options("without"));
  EXPECT_EQ(index("out")["units"], index("without")["units"]);
}

// Thumbnails that a system keeps, and further names, would stand beside their photographs as second and third best.
TEST_F(ExamplesTest, DustAndFurtherNamesDoNotCount) {
  find_examples(options("clean"));
  fs::create_directories(photo(".thumbnails"));
  fs::create_directories(photo("@eaDir"));
  for (const char* copy : {".thumbnails/p0.png", "@eaDir/p0.png", "._p0.png"})
    fs::copy_file(photo("p0.png"), photo(copy));
  fs::create_symlink("p0.png", photo("a.png"));
  fs::create_directory_symlink("..", photo("below/up"));
  (void)folder_.write("photos/notes.txt", "text");
  const ExamplesResult result = find_examples(options("dusty"));
  EXPECT_EQ(result.photographs, 7);
  EXPECT_EQ(
      result.left_out,
      "1 hidden picture; the folders .thumbnails, @eaDir; 1 further name of the same file; 1 link to a folder that "
      "counts already; 1 file that is no picture");
  EXPECT_EQ(index("clean")["units"], index("dusty")["units"]);
  EXPECT_EQ(index("dusty")["left_out"]["in_words"], result.left_out);
  EXPECT_EQ(index("dusty")["left_out"]["hidden"], 1);
  EXPECT_NE(contents_of(result.page).find("1 hidden picture"), std::string::npos);
}

// Names of files are bytes.
TEST_F(ExamplesTest, NamesThatAreNoUtf8Count) {
  fs::rename(photo("p0.png"), photo("p\xff\x01.png"));
  After progress(4);
  ExamplesOptions part = options("out");
  part.stop = &progress.stop;
  part.progress = &progress;
  EXPECT_TRUE(find_examples(part).interrupted);
  EXPECT_EQ(find_examples(options("out")).now, 3);
  find_examples(options("whole"));
  EXPECT_TRUE(files_of(folder_.file("whole")) == files_of(folder_.file("out")));
  EXPECT_EQ(index("out")["photographs"], 7);
  EXPECT_EQ(index("out")["skipped"]["count"], 0);
  EXPECT_NE(contents_of(folder_.file("out/index.json"))
                .find("p\xEF\xBF\xBD"
                      "FF\\u0001.png"),
            std::string::npos);
}

TEST_F(ExamplesTest, NoPhotographAtAllIsOneClearLine) {
  ExamplesOptions none = options("out");
  none.folder = folder_.file("empty");
  fs::create_directories(none.folder);
  EXPECT_TRUE(refuses([&] { find_examples(none); }, {"empty", ".jpg"}));
  (void)folder_.write("empty/x.jpg", "text");
  EXPECT_TRUE(refuses([&] { find_examples(none); }, {"empty", "none of its 1 photographs"}));
  fs::remove(folder_.file("empty/x.jpg"));
  (void)folder_.write("empty/x.txt", "text");
  EXPECT_TRUE(refuses([&] { find_examples(none); }, {"empty", "it holds 1 file that is no picture"}));
}

TEST_F(ExamplesTest, MistakesShowBeforeAnythingIsWritten) {
  const auto refused = [&](const std::function<void(ExamplesOptions&)>& change, const std::vector<std::string>& words) {
    ExamplesOptions wrong = options("out");
    change(wrong);
    EXPECT_TRUE(refuses([&] { find_examples(wrong); }, words));
  };
  refused([](auto& o) { o.layer = "conv33"; }, {"conv33", "did you mean"});
  refused([](auto& o) { o.units = "0,6"; }, {"unit 6", "6 channels"});
  refused([](auto& o) { o.scales = {1, -1}; }, {"--scales", "-1"});
  refused([](auto& o) { o.scales = {1, 1}; }, {"--scales", "twice"});
  refused([&](auto& o) { o.render = folder_.file("photos"); }, {"photos", "not a run folder"});
  refused([&](auto& o) { o.out = folder_.file("photos/below/out"); }, {"photos/below/out", "lies in"});
  refused([&](auto& o) { o.out = folder_.path().string(); }, {"holds no examples"});
  refused([&](auto& o) { o.out = folder_.file("small.safetensors"); }, {"small.safetensors", "holds no examples"});
  EXPECT_FALSE(fs::exists(folder_.file("out")));
}

TEST_F(ExamplesTest, ADamagedIndexIsReadOrRefused) {
  After progress(3);
  ExamplesOptions part = options("out");
  part.units = "0,5";
  part.stop = &progress.stop;
  part.progress = &progress;
  find_examples(part);
  part.stop = nullptr;
  part.progress = nullptr;
  const std::string path = folder_.file("out/index.json"), contents = contents_of(path);
  read_damaged(contents, path, 60, [&] { find_examples(part); });
}

// The JSON that the page carries.
Json data_of(const std::string& page) {
  const std::string open = "<script type=\"application/json\" id=\"data\">";
  const size_t first = page.find(open) + open.size();
  return Json::parse(page.substr(first, page.find("</script>", first) - first));
}

TEST_F(ExamplesTest, ThePageShowsRenderedPicturesOfItsUnits) {
  Json config = small_config(folder_);
  config["sweep"] = {{"/objective/0/channel/unit", {1, 2}}, {"/objective/0/weight", {-1, 1}}};
  render(folder_, config, folder_.file("run"));
  ExamplesOptions with = options("out");
  with.units = "0,1";
  with.render = folder_.file("run");
  const std::string page = contents_of(find_examples(with).page);
  const Json data = data_of(page);
  EXPECT_FALSE(data.contains("state"));
  EXPECT_EQ(data["units"], index("out")["units"]);
  ASSERT_EQ(data["rendered"].size(), 2U);
  for (size_t i = 0; i < 2; ++i) {
    const Json& picture = data["rendered"][i];
    EXPECT_EQ(picture["unit"], 1);
    EXPECT_EQ(picture["weight"], i == 0 ? -1.0 : 1.0);
    EXPECT_EQ(read_photo(folder_.file("out/" + picture["picture"].get<std::string>())).height, 24);
  }
  for (const char* far : {"http://", "https://", "@import", " src=\"//"})
    EXPECT_EQ(page.find(far), std::string::npos) << "the page reaches for the network: " << far;
}

// Lighthouses for a unit of towers, a cup for one of round things: what people see there, among 35 photographs.
TEST(Examples, OfGoogleNetAreWhatTheUnitsAreFor) {
  PHOSPHENE_ASSET(weights, "models/bvlc_googlenet.caffemodel");
  PHOSPHENE_ASSET(photographs, "photos");
  const TemporaryFolder folder;
  save_model(load_model(weights.string(), find_asset("models/googlenet_deploy.prototxt")->string()),
             folder.file("googlenet.safetensors"));
  ExamplesOptions options;
  options.model = folder.file("googlenet.safetensors");
  options.folder = photographs.string();
  options.layer = "inception_4a/output:pre";
  options.units = "420,480";
  options.scales = {0.7};
  options.out = folder.file("out");
  find_examples(options);
  const Json units = read_json(folder.file("out/index.json"))["units"];
  EXPECT_EQ(units[0]["highest"][0]["photograph"], "coffee.jpg");
  EXPECT_EQ(units[1]["highest"][0]["photograph"], "kodim19.jpg");
}

}  // namespace
}  // namespace phosphene::testing::examples_test
