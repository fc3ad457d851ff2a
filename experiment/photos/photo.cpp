#include "experiment/photos/photo.h"

#include "runtime/error.h"

namespace phosphene {

void check_photo_size(const std::string& path, int64_t height, int64_t width) {
  constexpr int64_t kMaxPixels = int64_t{1} << 28;
  if (height < 1 || width < 1 || height > kMaxPixels / width) {
    fail(path, "an image of {} x {} pixels; at most {} can be read", height, width, kMaxPixels);
  }
}

}  // namespace phosphene
