#include "loaders/caffe/mean_file.h"

#include <google/protobuf/stubs/logging.h>

#include <climits>
#include <cmath>
#include <filesystem>

#include "loaders/caffe/blobs.h"
#include "loaders/mapped_file.h"
#include "runtime/error.h"

namespace phosphene {

bool is_mean_file(const std::string& path) { return path.ends_with(".binaryproto"); }

ChannelMeans read_mean_file(const std::string& path, int64_t channels) {
  const google::protobuf::LogSilencer silence;
  const auto file = MappedFile::open(path);
  auto blob = std::make_shared<caffe::BlobProto>();
  if (file->bytes().size() > INT_MAX ||
      !blob->ParseFromArray(file->bytes().data(), static_cast<int>(file->bytes().size())))
    fail(path, "is not a mean image of Caffe: truncated, malformed or in another format");
  const source::Constant image = caffe::numbers_of(*blob, blob, path);
  std::vector<int64_t> dims = image.dims;
  if (dims.size() == 4 && dims[0] == 1) dims.erase(dims.begin());
  if (dims.size() != 3 || image.elements() == 0)
    fail(path, "holds a value of shape [{}]; expected a mean image, C x H x W", fmt::join(image.dims, ", "));
  if (dims[0] != channels) fail(path, "is a mean image of {} channels, but the network reads {}", dims[0], channels);
  ChannelMeans result{{}, dims[1], dims[2]};
  const int64_t pixels = dims[1] * dims[2];
  for (int64_t c = 0; c < channels; ++c) {
    double sum = 0;
    for (int64_t i = c * pixels; i < (c + 1) * pixels; ++i) sum += static_cast<double>(image.numbers.data[i]);
    if (!std::isfinite(sum)) fail(path, "holds numbers that are not finite");
    result.means.push_back(static_cast<float>(sum / static_cast<double>(pixels)));
  }
  return result;
}

std::string describe_mean_file(const std::string& path, const ChannelMeans& means) {
  std::string name = std::filesystem::path(path).filename().string();
  if (means.height * means.width == 1) return name;
  return fmt::format("{} averaged over {}x{}", name, means.height, means.width);
}

}  // namespace phosphene
