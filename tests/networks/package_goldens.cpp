#include "tests/networks/package_goldens.h"

#include <stdexcept>

#include "loaders/safetensors.h"

namespace phosphene::testing {

HostTensor PackageGoldens::photograph(const std::string& name) const {
  const Safetensors file = Safetensors::open(path_.string());
  const SafetensorsEntry& entry = file.entry(name);
  const int64_t h = entry.shape.at(0), w = entry.shape.at(1);
  HostTensor planar{{1, 3, h, w}, std::vector<float>(static_cast<size_t>(3 * h * w))};
  for (int64_t i = 0; i < h * w; ++i) {
    for (int64_t c = 0; c < 3; ++c)
      planar.data[static_cast<size_t>(c * h * w + i)] =
          static_cast<float>(entry.bytes[static_cast<size_t>(i * 3 + c)]) / 255;
  }
  return planar;
}

Array PackageGoldens::stored(const std::string& name) const {
  const HostTensor tensor = Safetensors::open(path_.string()).tensor(name);
  return {tensor.dims, {tensor.data.begin(), tensor.data.end()}};
}

Array prepared(const Model& model, const HostTensor& planar) {
  const std::vector<float> last = prepare_input(model.preprocessing, planar);
  const int64_t pixels = planar.dims[2] * planar.dims[3];
  Array input{planar.dims, std::vector<double>(last.size())};
  for (int64_t i = 0; i < pixels; ++i) {
    for (int64_t c = 0; c < 3; ++c)
      input.data[static_cast<size_t>(c * pixels + i)] = last[static_cast<size_t>(i * 3 + c)];
  }
  return input;
}

std::vector<float> first_channels(const HostTensor& value, const Array& stored) {
  const bool map = stored.dims.size() == 3 && value.dims[2] == stored.dims[1] && value.dims[3] == stored.dims[2];
  const bool vector = stored.dims.size() == 1 && value.dims[2] * value.dims[3] == 1;
  if (value.dims[0] != 1 || (!map && !vector) || value.dims[1] < stored.dims[0])
    throw std::runtime_error("the stored numbers are of another shape");
  return {value.data.begin(), value.data.begin() + static_cast<std::ptrdiff_t>(stored.data.size())};
}

}  // namespace phosphene::testing
