#include "tests/experiment/dissection/small_concepts.h"

#include <filesystem>
#include <random>
#include <vector>

#include "experiment/photos/photo_file.h"

namespace phosphene::testing {
namespace {

constexpr int kSide = 24;

void write_labels(const std::string& path, int64_t height, int64_t width, const std::vector<int>& labels) {
  std::vector<float> gray;
  for (const int label : labels) gray.push_back(static_cast<float>(label) / 255.F);
  write_png(path, gray.data(), 1, height, width);
}

}  // namespace

void write_mask(const std::string& path, int64_t height, int64_t width, int label) {
  write_labels(path, height, width, std::vector<int>(static_cast<size_t>(height * width), label));
}

void write_small_concepts(const TemporaryFolder& folder, const std::string& name, int photographs) {
  for (const char* below : {"/images", "/masks/object", "/masks/scene"})
    std::filesystem::create_directories(folder.file(name + below));
  std::mt19937 random(5);
  for (int i = 0; i < photographs; ++i) {
    std::vector<float> planar(3 * kSide * kSide);
    std::vector<int> square(kSide * kSide, 0), sky(kSide * kSide, 0);
    for (float& value : planar) value = static_cast<float>(random() >> 25) / 255.F;
    const int top = static_cast<int>(random() % 16), left = static_cast<int>(random() % 16);
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) {
        const auto at = static_cast<size_t>(y * kSide + x);
        if (y < kSide / 2 && i % 2 == 0) sky[at] = 3;
        if (y < top || y >= top + 8 || x < left || x >= left + 8) continue;
        square[at] = 7;
        planar[at] = 1;
      }
    }
    const std::string png = "/p" + std::to_string(i) + ".png";
    write_png(folder.file(name + "/images" + png), planar.data(), 3, kSide, kSide);
    write_labels(folder.file(name + "/masks/object" + png), kSide, kSide, square);
    write_labels(folder.file(name + "/masks/scene" + png), kSide, kSide, sky);
  }
  (void)folder.write(name + "/concepts.csv", "id,name,category\n7,square,object\n3,\"sky, half\",scene\n");
}

}  // namespace phosphene::testing
