#include "layers/network/add.h"

#include <algorithm>

#include "runtime/problems/problem.h"

namespace phosphene {

ValueId append_sum(Graph& graph, std::vector<ValueId> values, const std::string& name) {
  constexpr auto kFan = static_cast<ptrdiff_t>(kAccumulateSources);
  while (values.size() > 1) {
    const ptrdiff_t count = std::min(kFan, std::ssize(values));
    const std::vector<ValueId> first(values.begin(), values.begin() + count);
    values.erase(values.begin(), values.begin() + count);
    values.push_back(graph.append(std::make_shared<Add>(), first, name));
  }
  return values.front();
}

}  // namespace phosphene
