#include "experiment/examples/mean_spectrum.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <numeric>

#include "experiment/examples/examples_index.h"
#include "experiment/pages/power_spectrum.h"
#include "experiment/photos/photo_file.h"
#include "experiment/photos/photo_folder.h"
#include "experiment/photos/picture_format.h"
#include "experiment/photos/resize.h"
#include "layers/image/colour.h"
#include "loaders/safetensors.h"
#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

constexpr size_t kNamesAtOnce = 4096;
constexpr int64_t kChannels = 3;

class Sums {
 public:
  explicit Sums(int64_t size) : size_(size), sums_(static_cast<size_t>(kChannels * size * columns())) {}

  [[nodiscard]] int64_t columns() const { return size_ / 2 + 1; }

  void add(const HostTensor& square) {
    const std::vector<float> before = before_colour({1, kChannels, size_, size_}, square.data, true, false);
    const auto pixels = static_cast<size_t>(size_ * size_);
    auto sum = sums_.begin();
    for (size_t first = 0; first < before.size(); first += pixels) {
      const std::span<const float> plane = std::span(before).subspan(first, pixels);
      const std::vector<double> power = windowed_power(plane, size_, size_);
      const double mean = std::accumulate(plane.begin(), plane.end(), 0.0) / static_cast<double>(pixels);
      *sum += std::abs(mean) * static_cast<double>(pixels);
      for (int64_t i = 1; i < size_ * columns(); ++i) {
        const int64_t at = i / columns() * size_ + i % columns();
        sum[i] += std::sqrt(power[static_cast<size_t>(at)] * static_cast<double>(pixels));
      }
      sum += size_ * columns();
    }
    ++count_;
  }

  [[nodiscard]] int64_t count() const { return count_; }
  [[nodiscard]] std::vector<float> means() const {
    std::vector<float> means;
    for (const double sum : sums_) means.push_back(static_cast<float>(sum / static_cast<double>(count_)));
    return means;
  }

 private:
  int64_t size_, count_ = 0;
  std::vector<double> sums_;
};

// Reads a photograph into the sums; the reason why not, or "".
std::string add_photograph(const std::string& path, int64_t size, Sums& sums) {
  try {
    const Photo photo = read_photo(path);
    if (std::min(photo.height, photo.width) < size) return "smaller than the size";
    sums.add(resize_and_crop(photo, size, size));
    return "";
  } catch (const std::bad_alloc&) {
    return "needs more memory than there is";
  } catch (const Error& error) {
    if (error.blame() != Blame::user) throw;
    return error.within();
  }
}

std::string in_words(const std::map<std::string, int64_t>& skipped) {
  std::vector<std::string> kinds;
  for (const auto& [kind, count] : skipped) kinds.push_back(fmt::format("{}: {}", kind, count));
  return fmt::format("{}", fmt::join(kinds, ", "));
}

}  // namespace

MeanSpectrum mean_spectrum(const std::string& folder, int64_t size, const std::function<void(int64_t, int64_t)>& done) {
  if (size < 2 || size % 2 != 0) fail("size", "expected an even number of pixels, got {}", size);
  const PhotoFolder photographs(folder);
  const int64_t all = photographs.count("").all;
  Sums sums(size);
  MeanSpectrum spectrum;
  spectrum.size = size;
  spectrum.left_out = photographs.left_out().in_words();
  int64_t read = 0;
  std::string last;
  for (;;) {
    const std::vector<std::string> names = photographs.after(last, kNamesAtOnce);
    if (names.empty()) break;
    for (const std::string& name : names) {
      stop_if_requested();
      const std::string reason = add_photograph(photographs.file(name), size, sums);
      if (!reason.empty()) ++spectrum.skipped[kind_of_reason(reason)];
      if (done) done(++read, all);
    }
    last = names.back();
  }
  if (sums.count() == 0) {
    if (!spectrum.skipped.empty())
      fail(folder, "none of its photographs counts for {} x {} pixels ({})", size, size, in_words(spectrum.skipped));
    fail(folder, "contains no photograph (.jpg, .jpeg or .png){}{}", spectrum.left_out.empty() ? "" : "; it holds ",
         spectrum.left_out);
  }
  spectrum.photographs = sums.count();
  spectrum.magnitude = sums.means();
  return spectrum;
}

void write_mean_spectrum(const std::string& path, const MeanSpectrum& spectrum) {
  write_safetensors(
      path, {NamedTensor("magnitude", {kChannels, spectrum.size, spectrum.size / 2 + 1}, spectrum.magnitude)},
      {{"photographs", std::to_string(spectrum.photographs)}, {"colour", "decorrelated"}, {"window", "hann"}});
}

}  // namespace phosphene
