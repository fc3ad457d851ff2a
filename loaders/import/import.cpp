#include "loaders/import/import.h"

#include <algorithm>
#include <map>
#include <set>

#include "loaders/import/fold.h"
#include "loaders/import/importer.h"
#include "loaders/import/names.h"
#include "loaders/import/rewrite.h"
#include "loaders/import/rules.h"
#include "loaders/known_preprocessing.h"
#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene::source {
namespace {

constexpr int64_t kMaxSide = 1 << 16, kUsualSide = 224, kMaxImages = 1 << 10;
constexpr size_t kMaxNodes = 100000;

// The file's only input, as an image.
struct ImageInput {
  Shape shape;
  std::vector<Axis> order;
};

ImageInput image_input(const Network& network, const ImportOptions& options) {
  if (network.inputs.size() != 1) {
    std::vector<std::string> names;
    for (const Input& input : network.inputs) names.push_back(input.name);
    fail(network.path, "has {} inputs ({}); expected a network of one image", names.size(), fmt::join(names, ", "));
  }
  const Input& input = network.inputs[0];
  if (input.dims.size() != 4)
    fail(network.path, "the input '{}' has shape [{}]; expected that of an image, of four dimensions", input.name,
         fmt::join(input.dims, ", "));
  const auto is_colour = [](int64_t size) { return size >= 1 && size <= 4; };
  const bool channels_last = !input.channels_first && is_colour(input.dims[3]) && !is_colour(input.dims[1]);
  ImageInput image;
  image.order = channels_last ? std::vector<Axis>{Axis::n, Axis::h, Axis::w, Axis::c} : Translation::kPlanar;
  const auto size = [&](size_t index, int64_t given, int64_t usual, int64_t most) {
    const int64_t stated = input.dims[index], taken = stated > 0 ? stated : given > 0 ? given : usual;
    if (stated < 0 || taken > most)
      fail(network.path, "the input '{}' has a dimension of {}", input.name, input.dims[index]);
    return taken;
  };
  image.shape.n = size(0, 0, 1, kMaxImages);
  image.shape.c = size(channels_last ? 3 : 1, 0, 3, kMaxSide);
  image.shape.h = size(channels_last ? 1 : 2, options.height, kUsualSide, kMaxSide);
  image.shape.w = size(channels_last ? 2 : 3, options.width, kUsualSide, kMaxSide);
  return image;
}

// Outputs behind a node's first that nobody reads lose their names: a Dropout of ONNX has a mask whether or not it is wanted.
void drop_unread_outputs(Network& network, const std::string& until) {
  std::set<std::string> read(network.outputs.begin(), network.outputs.end());
  read.insert(until);
  for (const Node& node : network.nodes) read.insert(node.inputs.begin(), node.inputs.end());
  for (Node& node : network.nodes) {
    for (size_t i = 1; i < node.outputs.size(); ++i) {
      if (!read.contains(node.outputs[i])) node.outputs[i].clear();
    }
  }
}

// The nodes that `wanted` needs, in the file's order.
std::vector<const Node*> needed(const Network& network, const std::vector<std::string>& wanted) {
  std::set<std::string> names(wanted.begin(), wanted.end());
  std::vector<const Node*> nodes;
  for (auto node = network.nodes.rbegin(); node != network.nodes.rend(); ++node) {
    if (std::none_of(node->outputs.begin(), node->outputs.end(),
                     [&](const std::string& output) { return !output.empty() && names.contains(output); }))
      continue;
    nodes.push_back(&*node);
    names.insert(node->inputs.begin(), node->inputs.end());
  }
  std::reverse(nodes.begin(), nodes.end());
  return nodes;
}

std::vector<std::string> wanted_values(const Network& network, const ImportOptions& options) {
  if (options.until.empty()) return network.outputs;
  std::vector<std::string> known;
  for (const Node& node : network.nodes) known.insert(known.end(), node.outputs.begin(), node.outputs.end());
  if (std::find(known.begin(), known.end(), options.until) != known.end()) return {options.until};
  for (const Node& node : network.nodes) {
    if (node.name == options.until && !node.outputs.empty()) return {node.outputs[0]};
  }
  fail(options.until, "{} has no such layer{}", network.path, suggestion(options.until, known));
}

// What the file says; else, for photographs, what networks of PyTorch are trained on.
void prepare(Model& model, const Network& network) {
  if (network.preprocessing) {
    model.preprocessing = network.preprocessing->preprocessing;
    model.preprocessing_source = network.preprocessing->why;
    return;
  }
  const std::optional<Preprocessing> usual = known_preprocessing("imagenet", model.channels);
  model.preprocessing = usual ? *usual : *known_preprocessing("zero-to-one", model.channels);
  model.preprocessing_source = fmt::format("{}, as the file does not say", kAssumed);
}

// The file's names for values that computed nothing: a dropout's output is another name for what it read.
class PassedNames {
 public:
  PassedNames(const Model& model, const Importer& importer, const std::vector<const Node*>& nodes) {
    for (const Layer& layer : model.layers) layers_.push_back(layer.name);
    for (const Node* node : nodes) {
      for (const std::string& output : node->outputs) {
        if (!importer.knows(output) || importer.value(output).layer == output) continue;
        names_.emplace_back(output, importer.value(output).layer);
        names_.emplace_back(node->name, importer.value(output).layer);
      }
    }
  }

  // Once the layers have the names that they keep.
  void give(Model& model) const {
    std::map<std::string, std::string> now;
    for (size_t i = 0; i < layers_.size(); ++i) now[layers_[i]] = model.layers[i].name;
    for (const auto& [name, layer] : names_) {
      if (!name.empty() && now.contains(layer) && model.find(name) == nullptr && !model.folded.contains(name))
        model.aliases.emplace(name, now.at(layer));
    }
  }

 private:
  std::vector<std::string> layers_;
  std::vector<std::pair<std::string, std::string>> names_;
};

// The last layer before a node that could not be translated, for --until; not where another file than the graph's is at fault.
[[noreturn]] void refuse_with_advice(const Error& error, const Network& network, const Model& model,
                                     size_t layers_before) {
  const bool elsewhere = !error.places().empty() && !error.places()[0].starts_with(network.path);
  if (layers_before == 0 || elsewhere) throw error;
  throw Error(error.blame(), "",
              fmt::format("{}; what stands before can be used: --until '{}'", error.what(),
                          model.layers[layers_before - 1].name));
}

}  // namespace

void translate(Importer& importer, const Node& node) {
  Translation translation(importer, node);
  if (!folds(translation)) {
    const auto rule = all_rules().find(node.op);
    if (rule == all_rules().end()) translation.refuse("the op {} is not supported", node.op);
    at_place_if_none(translation.attributes().place(), [&] { rule->second(translation); });
  }
  translation.finish();
}

const Rules& all_rules() {
  static const Rules rules = [] {
    Rules all;
    for (const Rules* some :
         {&convolutions::rules(), &poolings::rules(), &activations::rules(), &arithmetic::rules(),
          &normalisations::rules(), &shapes::rules(), &keras::rules(), &tensorflow::rules(), &caffe::rules()})
      all.insert(some->begin(), some->end());
    return all;
  }();
  return rules;
}

Model import_network(const Network& given, const ImportOptions& options) {
  check(given);
  if (given.nodes.size() > kMaxNodes)
    fail(given.path, "has {} nodes; at most {} are read", given.nodes.size(), kMaxNodes);
  Network network = rewritten(given);
  drop_unread_outputs(network, options.until);
  const ImageInput input = image_input(network, options);
  Model model;
  model.name = network.name;
  model.channels = input.shape.c;
  model.height = input.shape.h;
  model.width = input.shape.w;
  model.file = network.file;
  model.files = network.files;
  model.labels = network.labels;
  model.notes = network.notes;
  Importer importer(network, model);
  importer.set(
      network.inputs[0].name,
      {.constant = {}, .layer = Model::kInput, .shape = input.shape, .view = View::of(input.shape, input.order)});
  for (const auto& [name, constant] : network.constants)
    importer.set(name, {.constant = constant, .layer = "", .shape = {}, .view = {}});
  const std::vector<std::string> wanted = wanted_values(network, options);
  const std::vector<const Node*> nodes = needed(network, wanted);
  for (const Node* node : nodes) {
    stop_if_requested();
    const size_t layers_before = model.layers.size();
    try {
      translate(importer, *node);
    } catch (const Error& error) {
      refuse_with_advice(error, network, model, layers_before);
    }
  }
  if (model.layers.empty()) fail(network.path, "has no layers except its input");
  prepare(model, network);
  std::vector<std::string> results;
  for (const std::string& name : wanted) results.push_back(importer.value(name).layer);
  fold_affines(model, results);
  fold_paddings(model);
  put_last(model, results.empty() ? "" : results[0]);
  const PassedNames passed(model, importer, nodes);
  give_names(model, network);
  passed.give(model);
  return model;
}

}  // namespace phosphene::source
