#include "experiment/run/results.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

#include "experiment/config/picture_names.h"
#include "experiment/pages/power_spectrum.h"
#include "experiment/photos/photo_file.h"
#include "layers/image/fourier_image.h"
#include "loaders/safetensors.h"
#include "runtime/error.h"
#include "runtime/files.h"

namespace phosphene {
namespace {

constexpr size_t kCurvePoints = 128;

std::string picture_of(const RunImage& image) { return "images/" + image.name() + ".png"; }
std::string snapshot_of(const RunImage& image, int64_t step) {
  return fmt::format("images/{}.png", snapshot_name(image.name(), step, image.config().steps_of_all_phases()));
}

std::string floats_of(const RunImage& image) { return "floats/" + image.name() + ".safetensors"; }

void write_picture(const std::string& path, const RunImage& image, std::span<const float> picture, const Shape& shape) {
  write_png(path, picture.data(), shape.c, shape.h, shape.w, image.config().image.transparency.has_value());
}

void write_floats(const RunFolder& folder, const RunImage& image, const ImageResult& result) {
  const Shape& shape = result.shape;
  std::vector<NamedTensor> tensors;
  if (image.config().save_image)
    tensors.emplace_back("image", std::vector<int64_t>{shape.c, shape.h, shape.w}, result.picture);
  SpectrumParts parts;
  if (image.config().save_spectrum) {
    parts = parts_of_spectrum({1, shape.c, shape.h, shape.w}, result.spectrum);
    tensors.emplace_back("re", parts.dims, parts.re);
    tensors.emplace_back("im", parts.dims, parts.im);
  }
  if (tensors.empty()) return;
  make_folder(folder.file("floats"));
  write_safetensors(folder.file(floats_of(image)), tensors);
}

// Only the colours, without alpha.
PowerSpectrum spectrum_of(const RunImage& image, const ImageResult& result) {
  const Shape& shape = result.shape;
  const int64_t colours = image.config().image.transparency ? shape.c - 1 : shape.c;
  return power_spectrum(result.picture.first(static_cast<size_t>(colours * shape.h * shape.w)), colours, shape.h,
                        shape.w);
}

// [step, objective] of at most some kCurvePoints steps, the first and the last among them.
Json points_of(const std::vector<float>& curve) {
  Json points = Json::array();
  const size_t stride = std::max<size_t>(1, (curve.size() + kCurvePoints - 1) / kCurvePoints);
  for (size_t step = 0; step < curve.size(); step += stride) points.push_back({step, curve[step]});
  if ((curve.size() - 1) % stride != 0) points.push_back({curve.size() - 1, curve.back()});
  return points;
}

Json record_of(const RunImage& image, const std::vector<float>& curve, const Model& model) {
  const Config& config = image.config();
  const Term& term = config.objective.leading();
  const std::string layer = term.reads().front().layer;
  Json snapshots = Json::array();
  for (const int64_t step : config.snapshots)
    snapshots.push_back({{"step", step}, {"picture", snapshot_of(image, step)}});
  Json record = {{"name", image.name()}, {"image", image.image}};
  record["layer"] = layer.empty() ? model.logits() : layer;
  if (term.unit()) record["unit"] = *term.unit();
  if (!term.label().empty())
    record["label"] = term.label();
  else if (term.unit() && layer.empty() && *term.unit() < std::ssize(model.labels))
    record["label"] = model.labels[static_cast<size_t>(*term.unit())];
  record["objective"] = curve.back();
  record["steps"] = config.steps_of_all_phases();
  record["seed"] = config.seed;
  record["terms"] = config.json->at("objective");
  record["picture"] = picture_of(image);
  record["snapshots"] = snapshots;
  record["sweep"] = *image.job->values;
  record["curve"] = points_of(curve);
  return record;
}

bool is_whole_picture(const std::string& path) {
  using namespace std::string_view_literals;
  return file_ends_with(path, "\0\0\0\0IEND\xAE\x42\x60\x82"sv);  // the last chunk of every PNG
}

bool is_finished(const RunFolder& folder, const RunImage& image) {
  if (folder.given_up(image.name())) return true;
  if (!folder.has_record(image.name()) || !is_whole_picture(folder.file(picture_of(image)))) return false;
  const Config& config = image.config();
  std::error_code error;
  if ((config.save_image || config.save_spectrum) && !std::filesystem::exists(folder.file(floats_of(image)), error))
    return false;
  return std::all_of(config.snapshots.begin(), config.snapshots.end(),
                     [&](int64_t step) { return is_whole_picture(folder.file(snapshot_of(image, step))); });
}

}  // namespace

bool is_finished(const RunFolder& folder, const Job& job) {
  for (int64_t image = 0; image < job.config.image.images; ++image)
    if (!is_finished(folder, RunImage{&job, image})) return false;
  return true;
}

void write_snapshot(const RunFolder& folder, const RunImage& image, int64_t step, std::span<const float> picture,
                    const Shape& shape) {
  write_picture(folder.file(snapshot_of(image, step)), image, picture, shape);
}

void write_result(const RunFolder& folder, const RunImage& image, const ImageResult& result, const Model& model) {
  write_picture(folder.file(picture_of(image)), image, result.picture, result.shape);
  write_floats(folder, image, result);
  Json record = record_of(image, result.curve, model);
  if (image.config().save_power_spectrum) record["spectrum"] = to_json(spectrum_of(image, result));
  folder.write_record(image.name(), record);
}

}  // namespace phosphene
