#include "experiment/image/start_file.h"

#include <fmt/ranges.h>

#include "loaders/safetensors.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

std::vector<HostTensor> read_tensors(const StartFile& start) {
  const Safetensors file = Safetensors::open(start.path);
  const int64_t of_image = start.planes * start.plane;
  std::vector<HostTensor> tensors;
  for (const std::string& name : start.tensors) {
    const HostTensor& tensor = tensors.emplace_back(file.tensor(name));
    const int64_t images = tensor.elements() / of_image;
    if (tensor.elements() != images * of_image || (images != 1 && images != start.images)) {
      fail(start.path, "'{}' has the shape [{}]; expected {} x {} numbers for each image", name,
           fmt::join(tensor.dims, ", "), start.planes, start.plane);
    }
  }
  return tensors;
}

}  // namespace

std::vector<float> read_start_file(const StartFile& start, std::span<const BatchImage> batch_images) {
  const std::vector<HostTensor> tensors = read_tensors(start);
  std::vector<float> numbers;
  for (const BatchImage& batch_image : batch_images) {
    for (int64_t p = 0; p < start.planes; ++p) {
      for (const HostTensor& tensor : tensors) {
        const int64_t image = tensor.elements() == start.planes * start.plane ? 0 : batch_image.image;
        const auto first = tensor.data.begin() + (image * start.planes + p) * start.plane;
        numbers.insert(numbers.end(), first, first + start.plane);
      }
    }
  }
  return numbers;
}

}  // namespace phosphene
