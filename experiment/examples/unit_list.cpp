#include "experiment/examples/unit_list.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "runtime/error.h"

namespace phosphene {

std::vector<int64_t> parse_units(const std::string& text, const std::string& where, const std::string& layer,
                                 int64_t channels) {
  const auto number = [&](const std::string& digits) {
    int64_t unit = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), unit);
    if (digits.empty() || digits.front() == '-' || error == std::errc::invalid_argument ||
        end != digits.data() + digits.size()) {
      fail(where, "'{}' is not a unit; expected numbers as in 0,5,97 or 0-511, or all ('{}' has {} channels, 0 to {})",
           digits, layer, channels, channels - 1);
    }
    if (error != std::errc{} || unit >= channels) {
      fail(where, "unit {} does not exist: '{}' has {} channels, 0 to {}", digits, layer, channels, channels - 1);
    }
    return unit;
  };
  std::set<int64_t> units;
  const std::string list = text == "all" ? "0-" + std::to_string(channels - 1) : text;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    const std::string part = list.substr(begin, end - begin);
    const size_t dash = part.find('-', 1);
    const int64_t first = number(part.substr(0, dash));
    const int64_t last = dash == std::string::npos ? first : number(part.substr(dash + 1));
    if (last < first) fail(where, "'{}' runs backwards; expected {}-{}", part, last, first);
    for (int64_t unit = first; unit <= last; ++unit) units.insert(unit);
    begin = end + 1;
  }
  return {units.begin(), units.end()};
}

}  // namespace phosphene
