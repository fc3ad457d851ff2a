// Files with bytes changed at random places: a reader must read or refuse each, and nothing else.
#pragma once

#include <algorithm>
#include <functional>
#include <random>
#include <string>

namespace phosphene::testing {

// Hands `count` mutants of a file to `read`, always the same ones for one seed: one to eight bytes each are changed, or a part is cut out
// or doubled.
inline void for_each_mutant(const std::string& contents, int count, uint32_t seed,
                            const std::function<void(const std::string&)>& read) {
  std::mt19937 random(seed);
  const auto below = [&](size_t limit) { return static_cast<size_t>(random()) % std::max<size_t>(limit, 1); };
  for (int i = 0; i < count; ++i) {
    constexpr size_t kKinds = 6, kMostBytes = 8, kLongestPart = 64, kByteValues = 256;
    std::string mutant = contents;
    const size_t kind = below(kKinds), at = below(mutant.size()), length = 1 + below(kLongestPart);
    if (kind == 0) {
      mutant.erase(at, length);
    } else if (kind == 1) {
      mutant.insert(at, mutant.substr(at, length));
    } else {
      for (size_t changed = 0; changed <= below(kMostBytes); ++changed)
        mutant[below(mutant.size())] = static_cast<char>(below(kByteValues));
    }
    read(mutant);
  }
}

}  // namespace phosphene::testing
