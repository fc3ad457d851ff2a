#include "experiment/photos/photo.h"

#include "runtime/error.h"

namespace phosphene {

void check_photo_size(const std::string& path, int64_t height, int64_t width) {
  if (height < 1 || width < 1 || height > kMaxPhotoPixels / width) {
    fail(path, "has {} x {} pixels; at most {} can be read", height, width, kMaxPhotoPixels);
  }
}

}  // namespace phosphene
