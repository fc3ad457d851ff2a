#include "loaders/preprocessing_config.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "runtime/error.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

constexpr double kByte = 255;
constexpr int64_t kMaxSide = 1 << 16;

std::vector<double> numbers_of(const JsonReader& json, int64_t channels, double least, double most) {
  if (!json.is_array() || static_cast<int64_t>(json.size()) != channels)
    json.refuse_type(fmt::format("a list of {} numbers, one for each channel that the network reads", channels));
  std::vector<double> numbers;
  for (size_t i = 0; i < json.size(); ++i) numbers.push_back(json.at(i).number(least, most));
  return numbers;
}

// Of values in [0, 1], so that other units (bytes) are noticed.
std::vector<double> means_of(const JsonReader& json, int64_t channels) { return numbers_of(json, channels, -1, 1); }

std::vector<double> deviations_of(const JsonReader& json, int64_t channels) {
  constexpr double kLeast = 1e-4, kMost = 10;
  return numbers_of(json, channels, kLeast, kMost);
}

std::string source_of(const JsonReader& json, const char* program) {
  return fmt::format("{} of {}", std::filesystem::path(json.file()).filename().string(), program);
}

GivenPreprocessing read_own(const JsonReader& json, int64_t channels) {
  json.only({"scale", "mean", "order", "source"});
  constexpr double kMost = 1e6;
  const JsonReader scale = json.at("scale");
  const std::vector<double> scales =
      scale.is_number() ? std::vector<double>(static_cast<size_t>(channels), scale.number(-kMost, kMost))
                        : numbers_of(scale, channels, -kMost, kMost);
  const std::vector<double> means = numbers_of(json.at("mean"), channels, -kMost, kMost);
  Preprocessing result;
  result.scale.assign(scales.begin(), scales.end());
  result.mean.assign(means.begin(), means.end());
  for (const int64_t channel : json.at("order").integers(static_cast<size_t>(channels), 0, channels - 1))
    result.order.push_back(static_cast<int>(channel));
  std::vector<int> sorted = result.order;
  std::sort(sorted.begin(), sorted.end());
  if (sorted != order_of(channels, false))
    json.at("order").refuse("expected every channel once, from 0 to {}", channels - 1);
  return {std::move(result), std::filesystem::path(json.file()).filename().string(), 0, 0};
}

GivenPreprocessing read_timm(const JsonReader& config, int64_t channels) {
  const JsonReader json = config.has("pretrained_cfg") ? config.at("pretrained_cfg") : config;
  json.must_be_object();
  GivenPreprocessing given;
  given.source = source_of(config, "timm");
  if (json.has("input_size")) {
    const std::vector<int64_t> size = json.at("input_size").integers(3, 1, kMaxSide);
    if (size[0] != channels)
      json.at("input_size").refuse("says {} channels, but the network reads {}", size[0], channels);
    given.height = size[1];
    given.width = size[2];
  }
  const std::vector<double> means = means_of(json.at("mean"), channels);
  given.preprocessing = normalised(1, means, deviations_of(json.at("std"), channels), order_of(channels, false));
  return given;
}

bool says(const JsonReader& json, const char* key, bool otherwise) {
  return json.has(key) && !json.at(key).is_null() ? json.at(key).boolean() : otherwise;
}

// "size" and "crop_size": {"height": 224, "width": 224}, or a number for both.
void read_size(const JsonReader& json, const char* key, GivenPreprocessing& given) {
  if (!json.has(key)) return;
  const JsonReader size = json.at(key);
  if (size.is_number()) {
    given.height = given.width = size.integer(1, kMaxSide);
  } else if (size.is_object() && size.has("height") && size.has("width")) {
    given.height = size.at("height").integer(1, kMaxSide);
    given.width = size.at("width").integer(1, kMaxSide);
  }  // else {"shortest_edge": 256}, of which the middle is cut
}

GivenPreprocessing read_transformers(const JsonReader& json, int64_t channels) {
  for (const char* key : {"rescale_offset", "include_top", "offset"})
    if (says(json, key, false))
      json.at(key).refuse("is not supported: give the sums themselves as scale, mean and order");
  const bool normalises = says(json, "do_normalize", true), flips = says(json, "do_flip_channel_order", false);
  if (normalises && flips) json.refuse("do_normalize and do_flip_channel_order together are not supported");
  const double factor = !says(json, "do_rescale", true) ? 1
                        : json.has("rescale_factor")    ? json.at("rescale_factor").number(1e-6, 1)
                                                        : 1 / kByte;
  const auto count = static_cast<size_t>(channels);
  GivenPreprocessing given;
  given.source = source_of(json, "transformers");
  // Means are of values that were rescaled; where they were not, of bytes.
  const double most = factor < 1 ? 1 : kByte;
  const std::vector<double> mean =
      normalises ? numbers_of(json.at("image_mean"), channels, -most, most) : std::vector<double>(count, 0);
  const std::vector<double> std =
      normalises ? numbers_of(json.at("image_std"), channels, 1e-4, kByte) : std::vector<double>(count, 1);
  given.preprocessing = normalised(kByte * factor, mean, std, order_of(channels, flips));
  read_size(json, "size", given);
  if (says(json, "do_center_crop", false)) read_size(json, "crop_size", given);
  return given;
}

}  // namespace

Preprocessing normalised(double range, const std::vector<double>& mean, const std::vector<double>& std,
                         std::vector<int> order) {
  Preprocessing preprocessing;
  for (size_t c = 0; c < mean.size(); ++c) {
    preprocessing.scale.push_back(static_cast<float>(range / std[c]));
    preprocessing.mean.push_back(static_cast<float>(mean[c] / std[c]));
  }
  preprocessing.order = std::move(order);
  return preprocessing;
}

std::vector<int> order_of(int64_t channels, bool reversed) {
  std::vector<int> order;
  for (int c = 0; c < channels; ++c) order.push_back(reversed ? static_cast<int>(channels) - 1 - c : c);
  return order;
}

ConfigKind kind_of(const JsonReader& json) {
  if (!json.is_object()) return ConfigKind::other;
  const bool known_to_timm = json.has("mean") && json.has("std");
  if (json.has("scale") && json.has("order")) return ConfigKind::own;
  if (json.has("pretrained_cfg") || known_to_timm) return ConfigKind::timm;
  const bool of_transformers = json.has("image_mean") || json.has("image_std") || json.has("image_processor_type") ||
                               json.has("feature_extractor_type") || json.has("do_normalize") || json.has("do_rescale");
  return of_transformers ? ConfigKind::transformers : ConfigKind::other;
}

GivenPreprocessing preprocessing_of(const JsonReader& json, int64_t channels) {
  switch (kind_of(json)) {
    case ConfigKind::own:
      return read_own(json, channels);
    case ConfigKind::timm:
      return read_timm(json, channels);
    case ConfigKind::transformers:
      return read_transformers(json, channels);
    case ConfigKind::other:
      break;
  }
  json.must_be_object();
  if (json.has("model_type") || json.has("architectures"))
    fail(json.file(), "describes a model of transformers: its preprocessor_config.json is meant");
  fail(json.file(),
       "says nothing of preprocessing that is known: expected scale, mean and order; mean and std (timm); or "
       "image_mean and image_std (transformers)");
}

}  // namespace phosphene
