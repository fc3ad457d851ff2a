#include "experiment/objective/direction_vectors.h"

#include <fmt/ranges.h>

#include "experiment/photos/find_photograph.h"
#include "experiment/photos/photo_features.h"
#include "layers/image/normal_draws.h"
#include "loaders/safetensors.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

struct TensorInFile {
  std::string path, name;

  explicit TensorInFile(const NamedFile& given) {
    const size_t hash = given.name.rfind('#');
    path = NamedFile{given.name.substr(0, hash), given.folder}.path();
    name = given.name.substr(hash + 1);
  }
};

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

// Channels x height x width.
std::vector<int64_t> dims_in_file(const TensorInFile& tensor, const std::string& place) {
  std::vector<int64_t> shape = Safetensors::open(tensor.path).entry(tensor.name).shape;
  if (shape.size() == 4 && shape[0] == 1) shape.erase(shape.begin());
  if (shape.size() != 3)
    fail(place, "'{}' has shape [{}], expected channels x height x width", tensor.name, fmt::join(shape, ", "));
  return shape;
}

}  // namespace

Patch patch_in_file(const NamedFile& tensor, const std::string& place) {
  const std::vector<int64_t> dims = dims_in_file(TensorInFile(tensor), place);
  return {dims[1], dims[2]};
}

DirectionVectors::DirectionVectors(const Model& model, std::string layer, const Shape& activation, Patch patch,
                                   int64_t height, int64_t width, const std::string& place)
    : model_(model), layer_(std::move(layer)), activation_(activation), patch_(patch), height_(height), width_(width) {
  if (patch_.height > activation.h || patch_.width > activation.w) {
    fail(place, "a patch of {} x {} positions for '{}', which has {} x {}", patch_.height, patch_.width, layer_,
         activation.h, activation.w);
  }
}

std::vector<float> DirectionVectors::from_file(const NamedFile& given, const std::string& place) const {
  const TensorInFile tensor(given);
  if (patch_ != Patch{} && patch_in_file(given, place) != patch_)
    fail(place, "the patches of a batch's tensors differ in size");
  std::vector<float> numbers = Safetensors::open(tensor.path).tensor(tensor.name).data;
  if (std::ssize(numbers) != activation_.c * patch_.height * patch_.width) return numbers;  // refused by the caller
  return cut(numbers, patch_.height, patch_.width, 0, 0, patch_);
}

std::vector<float> DirectionVectors::from_photo(const DirectionSource& source, const std::string& place,
                                                Backend* backend) {
  const std::string path = find_photograph(source.photo, place);
  const auto [row, column] =
      source.position.within(activation_, patch_.height, patch_.width, layer_, place, " of the photograph");
  if (backend == nullptr) return {};
  HostTensor& features = photos_[path];
  if (features.data.empty()) features = photo_features(model_, layer_, path, height_, width_, *backend);
  return cut(features.data, activation_.h, activation_.w, row, column, patch_);
}

std::vector<float> DirectionVectors::of(const DirectionSource& source, const std::string& place, Backend* backend) {
  if (!source.photo.empty()) return from_photo(source, place, backend);
  std::vector<float> numbers = source.numbers;
  if (!source.tensor.empty()) {
    numbers = from_file(source.tensor, place);
  } else if (source.seed) {
    numbers.resize(static_cast<size_t>(activation_.c));
    draw_normal({*source.seed, 0}, DrawPurpose::direction, 1, numbers);
  }
  const int64_t positions = patch_.height * patch_.width;
  if (std::ssize(numbers) != activation_.c * positions) {
    fail(place, "a direction of {} numbers for '{}', which has {} channels", std::ssize(numbers) / positions, layer_,
         activation_.c);
  }
  return numbers;
}

}  // namespace phosphene
