#include "loaders/model/model.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "layers/network/concat.h"
#include "layers/network/convolution.h"
#include "layers/network/linear.h"
#include "layers/network/pooling.h"
#include "layers/network/relu.h"
#include "layers/network/softmax.h"
#include "runtime/error.h"
#include "runtime/problems/network.h"

namespace phosphene {
namespace {

constexpr std::string_view kPre = ":pre";
// Stops a file whose layers multiply each other's sizes before the product no longer fits 64 bits.
constexpr int64_t kMaxElements = int64_t{1} << 36;

template <class T>
bool is(const Layer& layer) {
  return dynamic_cast<const T*>(layer.op.get()) != nullptr;
}

bool is_max_pooling(const Layer& layer) {
  const auto* pooling = dynamic_cast<const Pooling*>(layer.op.get());
  return pooling != nullptr && pooling->pooling_kind() == PoolingKind::max;
}

std::shared_ptr<const Op> with_rules(const Layer& layer, const GradientRules& rules) {
  if (is<Relu>(layer)) return std::make_shared<Relu>(rules.relu);
  if (!rules.smooth_max_pooling || !is_max_pooling(layer)) return layer.op;
  const auto& pooling = dynamic_cast<const Pooling&>(*layer.op);
  return std::make_shared<Pooling>(PoolingKind::max, pooling.window(), pooling.divisor(), pooling.global(), true);
}

// The maker of a block, with the weights of the block's channels alone.
Layer some_outputs(Layer maker, const ChannelBlock& block) {
  if (const auto* convolution = dynamic_cast<const Convolution*>(maker.op.get()))
    maker.op = convolution->outputs(block.first, block.count);
  else
    maker.op = dynamic_cast<const Linear&>(*maker.op).outputs(block.first, block.count);
  return maker;
}

// For each layer that is a ReLU, or a concat of such: the name of what stood before the ReLU.
std::map<std::string, std::string> names_before_relu(const Model& model) {
  std::map<std::string, std::string> before;
  for (const Layer& layer : model.layers) {
    if (is<Relu>(layer)) before[layer.name] = layer.inputs.at(0);
    const auto has = [&](const std::string& input) { return before.contains(input); };
    if (is<Concat>(layer) && std::all_of(layer.inputs.begin(), layer.inputs.end(), has)) {
      before[layer.name] = layer.name + std::string(kPre);
    }
  }
  return before;
}

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

const Layer* Model::find(const std::string& wanted) const {
  const auto found =
      std::find_if(layers.begin(), layers.end(), [&](const Layer& layer) { return layer.name == wanted; });
  return found == layers.end() ? nullptr : &*found;
}

Layer Model::layer(const std::string& canonical) const {
  if (const Layer* one = find(canonical); one != nullptr) return *one;
  const std::map<std::string, std::string> before = names_before_relu(*this);
  Layer concat = *find(canonical.substr(0, canonical.size() - kPre.size()));
  concat.name = canonical;
  for (std::string& input : concat.inputs) input = before.at(input);
  return concat;
}

std::map<std::string, int64_t> Model::channel_counts() const {
  std::map<std::string, int64_t> counts = {{kInput, channels}};
  for (const Layer& layer : layers) {
    int64_t count = 0;
    if (const auto* convolution = dynamic_cast<const Convolution*>(layer.op.get()))
      count = convolution->weights().shape.front();
    else if (const auto* linear = dynamic_cast<const Linear*>(layer.op.get()))
      count = linear->weights().shape.front();
    else if (is<Concat>(layer))
      for (const std::string& input : layer.inputs) count += counts.at(input);
    else
      count = counts.at(layer.inputs.at(0));
    counts[layer.name] = count;
    if (is<Concat>(layer)) counts[layer.name + std::string(kPre)] = count;  // a ReLU keeps its channels
  }
  return counts;
}

bool Model::has_relu() const { return std::any_of(layers.begin(), layers.end(), is<Relu>); }

bool Model::has_max_pooling() const { return std::any_of(layers.begin(), layers.end(), is_max_pooling); }

std::string Model::resolve(const std::string& wanted) const {
  if (find(wanted) != nullptr) return wanted;
  if (const auto alias = aliases.find(wanted); alias != aliases.end()) return alias->second;
  if (!wanted.ends_with(kPre)) fail(wanted, "{} has no such layer{}", name, suggestion(wanted, known_names()));

  const std::string base = wanted.substr(0, wanted.size() - kPre.size());
  const auto alias = aliases.find(base);
  const std::string canonical = alias == aliases.end() ? base : alias->second;
  const std::map<std::string, std::string> before = names_before_relu(*this);
  if (const auto found = before.find(canonical); found != before.end()) return found->second;
  if (find(canonical) != nullptr)
    fail(wanted, "'{}' is no ReLU nor a concat of ReLUs, so nothing stands before one", base);
  fail(wanted, "{} has no such layer{}", name, suggestion(wanted, known_names()));
}

std::vector<std::string> Model::known_names() const {
  std::set<std::string> names;
  const std::map<std::string, std::string> before = names_before_relu(*this);
  for (const Layer& layer : layers) names.insert(layer.name);
  for (const auto& [layer, pre] : before) names.insert(layer + std::string(kPre));
  for (const auto& [alias, layer] : aliases) {
    names.insert(alias);
    if (before.contains(layer)) names.insert(alias + std::string(kPre));
  }
  return {names.begin(), names.end()};
}

std::string Model::logits() const {
  if (layers.empty()) fail(name, "has no layers");
  const Layer& last = layers.back();
  if (is<Softmax>(last)) return last.inputs.at(0);
  if (labels.empty()) fail(name, "has no classifier: it does not end in a softmax and has no labels");
  Graph graph;
  ModelGraph network(*this, graph,
                     graph.state(kInput, {{1, channels, height, width}, Layout::channels_last, DType::f32}));
  const Shape shape = graph.shape(network.value(last.name));
  if (shape.elements() != static_cast<int64_t>(labels.size())) {
    fail(name, "has no classifier: its last layer '{}' has shape {}, not a value for each of {} labels", last.name,
         to_string(shape), labels.size());
  }
  return last.name;
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

ValueId ModelGraph::value(const std::string& name) { return append(model_.resolve(name)); }

ValueId ModelGraph::value(const ChannelBlock& block) {
  const std::string which = block.count == 0 ? "" : fmt::format("[{}:{}]", block.first, block.first + block.count);
  std::string name = block.maker + which;
  if (which.empty()) {
    append(block.maker);
  } else if (!values_.contains(name)) {
    append(some_outputs(*model_.find(block.maker), block), {append(model_.find(block.maker)->inputs.at(0))}, name);
  }
  for (const std::string& layer : block.through) {
    const ValueId src = values_.at(name);
    name = layer + which;
    if (!values_.contains(name)) append(*model_.find(layer), {src}, name);
  }
  return values_.at(name);
}

// Depth first, with a stack of our own: a file decides how deep the network is.
ValueId ModelGraph::append(const std::string& canonical) {
  values_.emplace(Model::kInput, input_);
  std::vector<std::string> pending{canonical};
  while (!pending.empty()) {
    const std::string name = pending.back();
    if (values_.contains(name)) {
      pending.pop_back();
      continue;
    }
    const Layer layer = model_.layer(name);
    std::vector<ValueId> src;
    const size_t unready = pending.size();
    for (const std::string& input : layer.inputs) {
      const auto found = values_.find(input);
      if (found == values_.end())
        pending.push_back(input);
      else
        src.push_back(found->second);
    }
    if (pending.size() > unready) continue;
    pending.pop_back();
    append(layer, std::move(src), name);
  }
  return values_.at(canonical);
}

void ModelGraph::append(const Layer& layer, std::vector<ValueId> src, const std::string& name) {
  const ValueId value = values_[name] = graph_.append(with_rules(layer, rules_), std::move(src), prefix_ + name);
  if (graph_.shape(value).elements() > kMaxElements)
    fail(name, "a value of shape {} is beyond any memory", to_string(graph_.shape(value)));
}

}  // namespace phosphene
