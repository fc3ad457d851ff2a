#include "loaders/tensorflow/node_order.h"

#include <charconv>
#include <functional>
#include <queue>
#include <unordered_map>

#include "loaders/shown.h"
#include "runtime/error.h"

namespace phosphene::tensorflow {
namespace {

constexpr int kMaxOutput = 1 << 10;
constexpr size_t kMaxInCircle = 6;  // named in an error

using Numbers = std::unordered_map<std::string_view, int>;

Numbers numbers_of(const GraphDef& graph, const std::string& path) {
  Numbers numbers;
  for (int i = 0; i < graph.node_size(); ++i) {
    const std::string& name = graph.node(i).name();
    if (name.empty()) fail(path, "node {} has no name", i);
    if (!numbers.emplace(name, i).second) fail(path, "has two nodes called '{}'", shown(name));
  }
  return numbers;
}

int output_in(std::string_view digits) {
  int output = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), output);
  return error == std::errc() && end == digits.data() + digits.size() ? output : -1;
}

Source source_called(std::string_view input, const Numbers& numbers, const std::string& place) {
  const size_t colon = input.rfind(':');
  const std::string_view name = input.substr(0, colon);
  const int output = colon == std::string_view::npos ? 0 : output_in(input.substr(colon + 1));
  if (output < 0 || output > kMaxOutput) fail(place, "reads '{}': expected NODE or NODE:OUTPUT", shown(input));
  const auto found = numbers.find(name);
  if (found != numbers.end()) return {found->second, output};
  std::vector<std::string> known;
  for (const auto& [other, number] : numbers) known.emplace_back(other);
  fail(place, "reads '{}', but no node is called so{}", shown(name), suggestion(name, known));
}

// Walks from a node that waits to one that it waits for, until it comes round.
[[noreturn]] void refuse_circle(const GraphDef& graph, const std::vector<std::vector<Source>>& sources,
                                const std::vector<int>& waits_for, int start, const std::string& path) {
  std::vector<int> walk, position(sources.size(), -1);
  int node = start;
  while (position[static_cast<size_t>(node)] < 0) {
    position[static_cast<size_t>(node)] = static_cast<int>(walk.size());
    walk.push_back(node);
    for (const Source& source : sources[static_cast<size_t>(node)]) {
      if (waits_for[static_cast<size_t>(source.node)] == 0) continue;
      node = source.node;
      break;
    }
  }
  std::vector<std::string> names;
  for (size_t i = static_cast<size_t>(position[static_cast<size_t>(node)]); i < walk.size(); ++i) {
    if (names.size() == kMaxInCircle) break;
    names.push_back(shown(graph.node(walk[i]).name()));
  }
  fail(path, "nodes read each other in a circle: '{}'", fmt::join(names, "', '"));
}

}  // namespace

std::string place_of(const NodeDef& node, const std::string& path) {
  return fmt::format("{}: node '{}' (tf.{})", path, shown(node.name()), shown(node.op()));
}

std::vector<std::vector<Source>> sources_of(const GraphDef& graph, const std::string& path) {
  const Numbers numbers = numbers_of(graph, path);
  std::vector<std::vector<Source>> sources(static_cast<size_t>(graph.node_size()));
  for (int i = 0; i < graph.node_size(); ++i) {
    for (const std::string& input : graph.node(i).input()) {
      if (!input.starts_with('^'))
        sources[static_cast<size_t>(i)].push_back(source_called(input, numbers, place_of(graph.node(i), path)));
    }
  }
  return sources;
}

std::vector<int> order_of(const GraphDef& graph, const std::vector<std::vector<Source>>& sources,
                          const std::string& path) {
  std::vector<std::vector<int>> readers(sources.size());
  std::vector<int> waits_for(sources.size(), 0), order;
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;  // the first of the file on top
  for (size_t i = 0; i < sources.size(); ++i) {
    waits_for[i] = static_cast<int>(sources[i].size());
    for (const Source& source : sources[i]) readers[static_cast<size_t>(source.node)].push_back(static_cast<int>(i));
    if (waits_for[i] == 0) ready.push(static_cast<int>(i));
  }
  while (!ready.empty()) {
    const int node = ready.top();
    ready.pop();
    order.push_back(node);
    for (const int reader : readers[static_cast<size_t>(node)]) {
      if (--waits_for[static_cast<size_t>(reader)] == 0) ready.push(reader);
    }
  }
  for (size_t i = 0; i < sources.size(); ++i) {
    if (waits_for[i] > 0) refuse_circle(graph, sources, waits_for, static_cast<int>(i), path);
  }
  return order;
}

}  // namespace phosphene::tensorflow
