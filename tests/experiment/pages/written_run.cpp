#include "tests/experiment/pages/written_run.h"

#include <fmt/format.h>

#include "experiment/photos/photo_file.h"

namespace phosphene::testing {

WrittenRun::WrittenRun(const Json& config) {
  for (const char* name : {"images", "records"}) std::filesystem::create_directories(folder_.file(name));
  const Json frozen = {{"phosphene", "0"}, {"model", "small"}, {"backend", "cpu"},
                       {"batch", 1},       {"images", 1},      {"config", config}};
  (void)folder_.write("config.json", frozen.dump());
}

std::string WrittenRun::draw(const std::string& file, float grey) const {
  const std::vector<float> planar(static_cast<size_t>(3 * kSide * kSide), grey);
  write_png(folder_.file(file), planar.data(), 3, kSide, kSide);
  return file;
}

void WrittenRun::add(const std::string& name, const Json& terms, const Json& sweep, int64_t job, int64_t image,
                     double objective, const std::vector<int64_t>& snapshots) {
  const Json& first = terms[0].begin().value();
  Json record = {
      {"name", name},           {"job", job},      {"image", image}, {"layer", first["layer"]}, {"unit", first["unit"]},
      {"objective", objective}, {"steps", kSteps}, {"seed", 0},      {"terms", terms},          {"sweep", sweep}};
  record["picture"] = draw("images/" + name + ".png", 0.25F);
  record["snapshots"] = Json::array();
  for (const int64_t step : snapshots) {
    const std::string file = fmt::format("images/{}_step{}.png", name, step);
    record["snapshots"].push_back(
        {{"step", step}, {"picture", draw(file, 0.25F + 0.25F * static_cast<float>(record["snapshots"].size() + 1))}});
  }
  record["curve"] = Json::array();
  for (int64_t step = 0; step < kSteps; ++step) {
    const auto left = static_cast<double>(kSteps - 1 - step);
    record["curve"].push_back(Json::array({step, objective - left * left / kSteps}));
  }
  (void)folder_.write("records/" + name + ".json", record.dump());
  records_.push_back(record);
}

Json channel_terms(const std::string& layer, int64_t unit) {
  return Json::array({Json{{"channel", {{"layer", layer}, {"unit", unit}}}}});
}

void add_pictures_of_a_unit(WrittenRun& run) {
  const Json unit = {{"layer", "layer/a:pre"}, {"unit", 7}};
  const Json ends = Json::array(
      {Json{{"channel", unit}, {"weight", -1}, {"image", 0}}, Json{{"channel", unit}, {"weight", 1}, {"image", 1}}});
  run.add("negative", ends, {{"variant", "ends"}}, 0, 0, 12.5, {4, 16});
  run.add("positive", ends, {{"variant", "ends"}}, 0, 1, 25, {4, 16});
  run.add("neuron", Json::array({Json{{"neuron", unit}}}), {{"variant", "neuron"}}, 1, 0, 50.25, {4, 16});
  const Json diverse =
      Json::array({Json{{"channel", unit}}, Json{{"diversity", {{"layer", "layer/a"}}}, {"weight", -100}}});
  for (const int64_t image : {0, 1})
    run.add(fmt::format("diverse_image{}", image), diverse, {{"variant", "diverse"}}, 2, image, 20.5, {4, 16});
}

Json config_of_a_unit() {
  const Json variants = {{"ends", {{"images", 2}}}, {"neuron", Json::object()}, {"diverse", {{"images", 2}}}};
  return {{"version", 1},
          {"size", WrittenRun::kSide},
          {"steps", WrittenRun::kSteps},
          {"title", "One unit"},
          {"sweep", {{"variants", variants}}}};
}

}  // namespace phosphene::testing
