// The classes that a model tells apart: where their values are, and what they are called.
#include <algorithm>
#include <cctype>

#include "layers/network/softmax.h"
#include "loaders/model/model.h"
#include "loaders/model/model_graph.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

std::string lower_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// "tabby, tabby cat" -> "tabby", "tabby cat".
std::vector<std::string> names_of(const std::string& label) {
  std::vector<std::string> names;
  for (size_t begin = 0; begin <= label.size();) {
    const size_t end = std::min(label.find(',', begin), label.size());
    const size_t first = std::min(label.find_first_not_of(' ', begin), end);
    names.push_back(label.substr(first, end - first));
    begin = end + 1;
  }
  return names;
}

std::string listed(const std::vector<std::string>& labels, const std::vector<int64_t>& candidates) {
  constexpr size_t kShown = 8;
  std::string list;
  for (size_t i = 0; i < std::min(candidates.size(), kShown); ++i) {
    list += fmt::format("{}{} '{}'", i == 0 ? "" : ", ", candidates[i], labels[static_cast<size_t>(candidates[i])]);
  }
  return candidates.size() > kShown ? fmt::format("{} and {} more", list, candidates.size() - kShown) : list;
}

}  // namespace

std::string Model::logits() const {
  if (layers.empty()) fail(name, "has no layers");
  const Layer& last = layers.back();
  if (last.as<Softmax>() != nullptr) return last.inputs.at(0);
  Graph graph;
  ModelGraph network(*this, graph,
                     graph.state(kInput, {{1, channels, height, width}, Layout::channels_last, DType::f32}));
  const Shape shape = graph.shape(network.value(last.name));
  const bool is_vector = shape.h == 1 && shape.w == 1 && shape.c > 1;
  if (labels.empty() ? is_vector : shape.elements() == static_cast<int64_t>(labels.size())) return last.name;
  fail(name, "has no classifier: its last layer '{}' has shape {}, not a value for each of {}", last.name,
       to_string(shape), labels.empty() ? "some classes" : fmt::format("{} labels", labels.size()));
}

int64_t Model::class_index(const std::string& label) const {
  if (labels.empty()) fail(label, "{} has no labels; name the class by its index", name);
  const std::string wanted = lower_case(label);
  std::vector<int64_t> whole, named, part;
  std::vector<std::string> known;
  for (size_t i = 0; i < labels.size(); ++i) {
    const std::string candidate = lower_case(labels[i]);
    const std::vector<std::string> names = names_of(candidate);
    const auto index = static_cast<int64_t>(i);
    if (candidate == wanted) whole.push_back(index);
    if (std::find(names.begin(), names.end(), wanted) != names.end()) named.push_back(index);
    if (candidate.find(wanted) != std::string::npos) part.push_back(index);
    known.insert(known.end(), names.begin(), names.end());
  }
  for (const std::vector<int64_t>* candidates : {&whole, &named, &part}) {
    if (candidates->size() == 1) return candidates->front();
    if (!candidates->empty()) fail(label, "fits several classes: {}", listed(labels, *candidates));
  }
  fail(label, "{} has no such class{}", name, suggestion(wanted, known));
}

}  // namespace phosphene
