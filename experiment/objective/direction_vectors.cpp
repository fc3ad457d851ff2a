#include "experiment/objective/direction_vectors.h"

#include "experiment/config/image_size.h"
#include "experiment/photos/find_photograph.h"
#include "experiment/photos/photo_features.h"
#include "layers/image/normal_draws.h"
#include "loaders/safetensors.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

struct TensorInFile {
  std::string path, name;

  TensorInFile(const Config& config, const std::string& text) {
    const size_t hash = text.rfind('#');
    path = resolve_path(config, text.substr(0, hash));
    name = text.substr(hash + 1);
  }
};

// The last two of channels x height x width in a file, or as given.
Patch patch_of(const Config& config, const Term& term) {
  if (term.kind != TermKind::tensor_direction) return {};
  if (term.vector.file.empty()) return {term.vector.height, term.vector.width};
  const TensorInFile tensor(config, term.vector.file);
  std::vector<int64_t> shape = Safetensors::open(tensor.path).entry(tensor.name).shape;
  if (shape.size() == 4 && shape[0] == 1) shape.erase(shape.begin());
  if (shape.size() != 3)
    fail(term.place, "'{}' has shape [{}]; channels x height x width is meant", tensor.name, fmt::join(shape, ", "));
  return {shape[1], shape[2]};
}

// Positions x channels of channels x (h x w), from a row and column on.
std::vector<float> cut(std::span<const float> planes, int64_t h, int64_t w, int64_t row, int64_t column,
                       const Patch& patch) {
  const int64_t channels = std::ssize(planes) / (h * w);
  std::vector<float> numbers;
  for (int64_t r = row; r < row + patch.height; ++r)
    for (int64_t c = column; c < column + patch.width; ++c)
      for (int64_t channel = 0; channel < channels; ++channel)
        numbers.push_back(planes[static_cast<size_t>((channel * h + r) * w + c)]);
  return numbers;
}

}  // namespace

DirectionVectors::DirectionVectors(const Model& model, const Config& config, const Term& term, const Shape& activation)
    : model_(model), activation_(activation), patch_(patch_of(config, term)) {
  if (patch_.height > activation.h || patch_.width > activation.w) {
    fail(term.place, "a patch of {} x {} positions for '{}', which has {} x {}", patch_.height, patch_.width,
         term.layer, activation.h, activation.w);
  }
}

std::vector<float> DirectionVectors::from_file(const BatchImage& slot, const Term& term) const {
  const TensorInFile tensor(*slot.config, term.vector.file);
  if (term.kind == TermKind::tensor_direction && patch_of(*slot.config, term) != patch_)
    fail(term.place, "the patches of a batch's tensors differ in size");
  const std::vector<float> numbers = Safetensors::open(tensor.path).tensor(tensor.name).data;
  if (std::ssize(numbers) != activation_.c * patch_.height * patch_.width) return numbers;  // refused by the caller
  return cut(numbers, patch_.height, patch_.width, 0, 0, patch_);
}

std::vector<float> DirectionVectors::from_photo(const BatchImage& slot, const Term& term, Backend* backend) {
  const DirectionSource& source = term.vector;
  const std::string path = find_photograph(*slot.config, source.photo, term.place);
  const bool one = patch_ == Patch{};
  const int64_t row = source.row.value_or(one ? activation_.h / 2 : (activation_.h - patch_.height) / 2);
  const int64_t column = source.column.value_or(one ? activation_.w / 2 : (activation_.w - patch_.width) / 2);
  if (row + patch_.height > activation_.h || column + patch_.width > activation_.w) {
    fail(term.place, "position ({}, {}) of the photograph lies outside '{}', which has {} rows and {} columns", row,
         column, term.layer, activation_.h, activation_.w);
  }
  if (backend == nullptr) return {};
  HostTensor& features = photos_[path];
  if (features.data.empty()) {
    const auto [height, width] = image_size(model_, *slot.config);
    features = photo_features(model_, term.layer, path, height, width, *backend);
  }
  return cut(features.data, activation_.h, activation_.w, row, column, patch_);
}

std::vector<float> DirectionVectors::of(const BatchImage& slot, const Term& term, Backend* backend) {
  if (!term.vector.photo.empty()) return from_photo(slot, term, backend);
  std::vector<float> numbers = term.vector.numbers;
  if (!term.vector.file.empty()) {
    numbers = from_file(slot, term);
  } else if (term.vector.seed) {
    numbers.resize(static_cast<size_t>(activation_.c));
    draw_normal({*term.vector.seed, 0, 0}, DrawPurpose::direction, 1, numbers);
  }
  const int64_t positions = patch_.height * patch_.width;
  if (std::ssize(numbers) != activation_.c * positions) {
    fail(term.place, "a direction of {} numbers for '{}', which has {} channels", std::ssize(numbers) / positions,
         term.layer, activation_.c);
  }
  return numbers;
}

}  // namespace phosphene
