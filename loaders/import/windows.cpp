#include "loaders/import/windows.h"

#include <algorithm>
#include <tuple>

namespace phosphene::source {
namespace {

constexpr int64_t kMaxTaps = 1 << 16;

// One or two numbers for rows and columns.
std::pair<int64_t, int64_t> pair_of(Translation& node, const char* name, int64_t otherwise, int64_t least) {
  const std::vector<int64_t> given = node.attributes().integers(name, least, kMaxTaps);
  if (given.empty()) return {otherwise, otherwise};
  if (given.size() != 2) node.refuse("{} has {} numbers; expected two, for rows and columns", name, given.size());
  return {given[0], given[1]};
}

}  // namespace

WindowAttributes read_window(Translation& node, std::optional<std::pair<int64_t, int64_t>> taps, bool transposed) {
  WindowAttributes window;
  std::tie(window.r, window.s) = pair_of(node, "kernel_shape", 0, 1);
  if (window.r == 0 && !taps) node.refuse("the attribute kernel_shape is missing");
  if (window.r == 0) std::tie(window.r, window.s) = *taps;
  if (taps && *taps != std::pair(window.r, window.s))
    node.refuse("kernel_shape is {}x{}, but the weights have {}x{}", window.r, window.s, taps->first, taps->second);
  std::tie(window.stride_h, window.stride_w) = pair_of(node, "strides", 1, 1);
  std::tie(window.dilation_h, window.dilation_w) = pair_of(node, "dilations", 1, 1);
  const std::string rule =
      node.attributes().word("auto_pad", "NOTSET", {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"});
  const std::vector<int64_t> pads = node.attributes().integers("pads", -kMaxTaps, kMaxTaps);
  if (!pads.empty() && pads.size() != 4) node.refuse("pads has {} numbers; expected four", pads.size());
  const bool padded = std::any_of(pads.begin(), pads.end(), [](int64_t pad) { return pad != 0; });
  if (padded && rule != "NOTSET") node.refuse("has both pads and auto_pad {}", rule);
  for (const int64_t pad : pads) {
    if (pad < 0) node.refuse("pads holds {}, but a window cannot crop", pad);
  }
  if (padded)
    std::tie(window.pad_top, window.pad_left, window.pad_bottom, window.pad_right) =
        std::tie(pads[0], pads[1], pads[2], pads[3]);
  if (transposed) return window;
  window.same = rule == "SAME_UPPER";
  if (rule == "SAME_LOWER") {
    // At stride 1 what is missing is the window less 1, at any size of the map; the odd one lies at the top and left.
    const int64_t rows = window.dilation_h * (window.r - 1), columns = window.dilation_w * (window.s - 1);
    if (window.stride_h != 1 || window.stride_w != 1)
      node.refuse("auto_pad SAME_LOWER with a stride is not supported: its padding changes with the size of the map");
    std::tie(window.pad_top, window.pad_left) = std::pair(rows - rows / 2, columns - columns / 2);
    std::tie(window.pad_bottom, window.pad_right) = std::pair(rows / 2, columns / 2);
  }
  return window;
}

}  // namespace phosphene::source
