#include "loaders/known_preprocessing.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "loaders/caffe/mean_file.h"
#include "loaders/json_reader.h"
#include "loaders/preprocessing_config.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

// input = (range * v - mean) / std, v in [0, 1].
struct Known {
  const char* name;
  double range;
  std::array<double, 3> mean, std;  // in the network's order
  bool bgr;
};
constexpr std::array<Known, 5> kKnown{{
    {"imagenet", 1, {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}, false},  // torchvision
    {"caffe", 255, {104, 117, 123}, {1, 1, 1}, true},
    {"inception", 2, {1, 1, 1}, {1, 1, 1}, false},  // x / 127.5 - 1 of bytes: TensorFlow
    {"zero-to-one", 1, {0, 0, 0}, {1, 1, 1}, false},
    {"raw", 255, {0, 0, 0}, {1, 1, 1}, false},
}};
constexpr int64_t kColours = 3;
constexpr float kBytes = 255;

// Every channel is treated alike, so that there may be any number of them.
bool is_even(const Known& known) {
  const auto equal = [](const std::array<double, 3>& numbers) {
    return numbers[0] == numbers[1] && numbers[1] == numbers[2];
  };
  return !known.bgr && equal(known.mean) && equal(known.std);
}

const Known* find_known(const std::string& name) {
  const auto* const found =
      std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& known) { return name == known.name; });
  return found == kKnown.end() ? nullptr : found;
}

GivenPreprocessing by_name(const Known& known, int64_t channels) {
  std::optional<Preprocessing> preprocessing = known_preprocessing(known.name, channels);
  if (preprocessing.has_value()) return {std::move(*preprocessing), known.name, 0, 0};
  std::vector<std::string> fitting;
  for (const Known& other : kKnown)
    if (is_even(other)) fitting.emplace_back(other.name);
  fail("--preprocessing",
       "{} is for networks that read three channels, and this one reads {}: {} or a file is possible", known.name,
       channels, fmt::join(fitting, ", "));
}

}  // namespace

std::vector<std::string> known_preprocessing_names() {
  std::vector<std::string> names;
  for (const Known& known : kKnown) names.emplace_back(known.name);
  return names;
}

std::optional<Preprocessing> known_preprocessing(const std::string& name, int64_t channels) {
  const Known* known = find_known(name);
  if (known == nullptr || (channels != kColours && !is_even(*known))) return std::nullopt;
  std::vector<double> mean, std;
  for (int64_t c = 0; c < channels; ++c) {
    mean.push_back(known->mean.at(static_cast<size_t>(c % kColours)));
    std.push_back(known->std.at(static_cast<size_t>(c % kColours)));
  }
  return normalised(known->range, mean, std, order_of(channels, known->bgr));
}

GivenPreprocessing read_preprocessing(const std::string& name_or_path, int64_t channels) {
  if (const Known* known = find_known(name_or_path); known != nullptr) return by_name(*known, channels);
  std::error_code unknown;
  if (!std::filesystem::exists(name_or_path, unknown)) {
    const std::vector<std::string> names = known_preprocessing_names();
    fail("--preprocessing", "'{}' is neither a file nor one of {}{}", name_or_path, fmt::join(names, ", "),
         suggestion(name_or_path, names));
  }
  const Json json = read_json(name_or_path);
  return preprocessing_of(JsonReader(json, name_or_path), channels);
}

std::optional<GivenPreprocessing> preprocessing_beside(const std::string& weights_path, int64_t channels) {
  for (const char* name : {"preprocessor_config.json", "config.json"}) {
    const std::string path = (std::filesystem::path(weights_path).parent_path() / name).string();
    std::error_code unknown;
    if (!std::filesystem::is_regular_file(path, unknown)) continue;
    Json json;
    try {
      json = read_json(path);
    } catch (const Error&) {
      continue;  // nobody named this file
    }
    const JsonReader reader(json, path);
    const ConfigKind kind = kind_of(reader);
    if (kind != ConfigKind::timm && kind != ConfigKind::transformers) continue;
    GivenPreprocessing given = preprocessing_of(reader, channels);
    given.path = path;
    return given;
  }
  return std::nullopt;
}

namespace {

// Each channel minus its mean, as the model scales and orders them where its source says that, else as Caffe does: BGR in 0..255.
void set_means(Model& model, const std::string& path) {
  const ChannelMeans read = read_mean_file(path, model.channels);
  if (model.preprocessing_source.empty() || model.preprocessing_source.starts_with(kAssumed)) {
    model.preprocessing.scale.assign(read.means.size(), kBytes);
    model.preprocessing.order = order_of(model.channels, model.channels == kColours);
  }
  model.preprocessing.mean.clear();
  for (size_t c = 0; c < read.means.size(); ++c)
    model.preprocessing.mean.push_back(model.preprocessing.scale[c] / kBytes * read.means[c]);
  model.preprocessing_source = "as --preprocessing says: " + describe_mean_file(path, read);
}

}  // namespace

void set_preprocessing(Model& model, const std::string& name_or_path) {
  if (is_mean_file(name_or_path)) return set_means(model, name_or_path);
  GivenPreprocessing given = read_preprocessing(name_or_path, model.channels);
  model.preprocessing = std::move(given.preprocessing);
  model.preprocessing_source = "as --preprocessing says: " + given.source;
}

}  // namespace phosphene
