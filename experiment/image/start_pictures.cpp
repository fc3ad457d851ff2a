#include "experiment/image/start_pictures.h"

#include <algorithm>

#include "experiment/photos/find_photograph.h"
#include "experiment/photos/photo_file.h"
#include "experiment/photos/resize.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

HostTensor repeated(const HostTensor& one, int64_t n) {
  HostTensor all{one.dims, {}};
  all.dims[0] = n;
  for (int64_t i = 0; i < n; ++i) all.data.insert(all.data.end(), one.data.begin(), one.data.end());
  return all;
}

// Each picture as if it had been saved and read again.
HostTensor resized(const HostTensor& pictures, int64_t height, int64_t width) {
  HostTensor all{{pictures.dims[0], pictures.dims[1], height, width}, {}};
  const std::vector<int64_t> dims = {1, pictures.dims[1], pictures.dims[2], pictures.dims[3]};
  const auto size = pictures.data.size() / static_cast<size_t>(pictures.dims[0]);
  for (auto first = pictures.data.begin(); first != pictures.data.end(); first += static_cast<ptrdiff_t>(size)) {
    const HostTensor one{dims, {first, first + static_cast<ptrdiff_t>(size)}};
    const HostTensor scaled = resize_whole(to_photo(one), height, width);
    all.data.insert(all.data.end(), scaled.data.begin(), scaled.data.end());
  }
  return all;
}

void must_have_colours(const ImageSettings& settings, int64_t channels, const char* key) {
  if (channels != 3) {
    fail(fmt::format("{}: /{}", settings.file, key),
         "the network reads {} channels; only pictures of three can be read and scaled", channels);
  }
}

}  // namespace

HostTensor start_pictures(const ImageSettings& settings, const Shape& image, const HostTensor* before) {
  if (before != nullptr && before->dims[2] == image.h && before->dims[3] == image.w) return *before;
  must_have_colours(settings, image.c, settings.starts_from_photo() ? "initial" : "size");
  if (before != nullptr && !settings.starts_from_photo()) return resized(*before, image.h, image.w);

  const Photo photo = read_photo(find_photograph(settings.initial, settings.file + ": /initial"));
  const HostTensor sharp = resize_and_crop(photo, image.h, image.w);
  if (before == nullptr) return repeated(sharp, image.n);
  HostTensor pictures = resized(*before, image.h, image.w);
  const HostTensor blurred = resized(resize_and_crop(photo, before->dims[2], before->dims[3]), image.h, image.w);
  for (size_t i = 0; i < pictures.data.size(); ++i) {
    const size_t at = i % sharp.data.size();
    pictures.data[i] = std::clamp(pictures.data[i] + sharp.data[at] - blurred.data[at], 0.F, 1.F);
  }
  return pictures;
}

void check_start_pictures(std::span<const ImageSettings> phases, const Model& model) {
  if (phases.front().starts_from_photo()) must_have_colours(phases.front(), model.channels, "initial");
  for (size_t i = 1; i < phases.size(); ++i) {
    if (image_size(model, phases[i]) != image_size(model, phases[i - 1]))
      must_have_colours(phases[i], model.channels, "size");
  }
}

}  // namespace phosphene
