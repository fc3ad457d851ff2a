#include "loaders/import/names.h"

#include <algorithm>
#include <map>
#include <set>

#include "runtime/error.h"

namespace phosphene::source {
namespace {

std::vector<std::string> parts_of(const std::string& path, char separator) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find(separator, begin), path.size());
    if (end > begin) parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// "features", "features.1", "block", "block.0" -> "features.1.block.0": a part that repeats the one before with more replaces it.
std::string module_of(const std::vector<std::string>& parts) {
  std::vector<std::string> kept;
  for (const std::string& part : parts) {
    if (!kept.empty() && part.starts_with(kept.back() + ".")) kept.pop_back();
    kept.push_back(part);
  }
  return fmt::format("{}", fmt::join(kept, "."));
}

std::string without_ending(std::string text, std::string_view ending) {
  if (text.ends_with(ending)) text.resize(text.size() - ending.size());
  return text;
}

constexpr std::string_view kCall = "StatefulPartitionedCall/";

// A value while it gets its name.
struct Named {
  std::string value, op, name;
  Place place;
};

// Every value of the file, in its order.
std::vector<Named> values_of(const Network& network) {
  std::vector<Named> values;
  for (const Node& node : network.nodes) {
    for (const std::string& output : node.outputs) {
      if (!output.empty()) values.push_back({output, node.op, output, place_in_modules(node, output)});
    }
  }
  return values;
}

// Whether a path lies in a module: is it, or stands below it.
bool lies_in(const std::string& path, const std::string& module) {
  return path.size() >= module.size() && path.starts_with(module) &&
         (path.size() == module.size() || path[module.size()] == '.');
}

// All modules that hold a path: "a.b.c", "a.b", "a".
std::vector<std::string> modules_around(const std::string& path) {
  std::vector<std::string> modules;
  for (size_t end = path.size(); end != std::string::npos && end > 0; end = path.rfind('.', end - 1))
    modules.push_back(path.substr(0, end));
  return modules;
}

// Names the values of one module. `with_children`: other modules stand in it.
void name_in_module(const std::vector<Named*>& values, const std::string& module, bool with_children) {
  const bool one_op =
      std::all_of(values.begin(), values.end(), [&](const Named* value) { return value->op == values[0]->op; });
  for (size_t i = 0; i < values.size(); ++i) {
    if (with_children || (!one_op && i + 1 < values.size()))
      values[i]->name = fmt::format("{}.{}", module, values[i]->place.leaf);
    else
      values[i]->name = one_op && i > 0 ? fmt::format("{}_{}", module, i) : module;
  }
}

// The names of the values that became layers or were folded into one.
void choose_names(std::vector<Named>& values, const std::set<std::string>& used) {
  std::map<std::string, std::vector<Named*>> modules;
  std::set<std::string> parents;
  for (Named& value : values) {
    if (!used.contains(value.value) || value.place.module.empty()) continue;
    modules[value.place.module].push_back(&value);
    for (const std::string& module : modules_around(value.place.module)) {
      if (module != value.place.module) parents.insert(module);
    }
  }
  for (auto& [module, members] : modules) name_in_module(members, module, parents.contains(module));
  std::set<std::string> taken{Model::kInput};
  for (Named& value : values) {
    if (!used.contains(value.value)) continue;
    if (!taken.insert(value.name).second) {
      std::string other = value.value;
      for (int i = 1; !taken.insert(other).second; ++i) other = fmt::format("{}_{}", value.value, i);
      value.name = other;
    }
  }
}

// A value's own name, without the suffix of a layer that stands beside it (":order").
std::string value_of_layer(const std::string& layer, const std::set<std::string>& values) {
  if (values.contains(layer)) return layer;
  for (size_t end = layer.find_last_of(":#"); end != std::string::npos && end > 0;
       end = layer.find_last_of(":#", end - 1)) {
    if (values.contains(layer.substr(0, end))) return layer.substr(0, end);
  }
  return layer;
}

// A module, and the last of the values that stand in it, if none of other modules stands between its first and its last.
std::map<std::string, std::string> ends_of_modules(const std::vector<Named>& values,
                                                   const std::set<std::string>& used) {
  std::map<std::string, std::string> ends;
  std::set<std::string> closed, open;
  for (const Named& value : values) {
    if (!used.contains(value.value) || value.place.module.empty()) continue;
    for (auto module = open.begin(); module != open.end();) {
      if (lies_in(value.place.module, *module)) {
        ++module;
      } else {
        closed.insert(*module);
        module = open.erase(module);
      }
    }
    for (const std::string& module : modules_around(value.place.module)) {
      if (closed.contains(module)) {
        ends.erase(module);
        continue;
      }
      open.insert(module);
      ends[module] = value.value;
    }
  }
  return ends;
}

// PyTorch's older exporter folds norms into convolutions and calls what comes out as the convolution; their weights alone tell, which have
// lost their names.
void note_folded_norms(Model& model, const Network& network) {
  size_t count = 0;
  std::string first;
  for (const Node& node : network.nodes) {
    const bool folded = node.op == "Conv" && node.inputs.size() == 3 && node.inputs[1].starts_with("onnx::Conv_") &&
                        node.outputs[0].starts_with('/');
    if (folded && ++count == 1) first = place_in_modules(node, node.outputs[0]).module;
  }
  if (count > 0)
    model.notes.push_back(fmt::format(
        "{} convolutions took up the norms behind them when the file was written: '{}' is what its norm gave", count,
        first));
}

}  // namespace

Place place_in_modules(const Node& node, const std::string& value) {
  if (node.op.starts_with("caffe.")) return {"", value};  // has no modules
  if (!node.scope.empty()) return {node.scope, value};
  if (value.starts_with('/')) {
    std::vector<std::string> parts = parts_of(value, '/');
    if (parts.empty()) return {};
    std::string leaf = parts.back();
    parts.pop_back();
    const size_t number = leaf.rfind("_output_");
    if (number != std::string::npos)
      leaf = leaf.substr(number) == "_output_0" ? leaf.substr(0, number)
                                                : leaf.substr(0, number) + "_" + leaf.substr(number + 8);
    return {module_of(parts), leaf};
  }
  if (value.starts_with(kCall)) {
    std::vector<std::string> parts = parts_of(without_ending(value.substr(kCall.size()), ":0"), '/');
    if (parts.size() < 2) return {};
    const std::string leaf = parts.back();
    parts.pop_back();
    if (parts.size() > 1) parts.erase(parts.begin());  // the model's own name
    return {fmt::format("{}", fmt::join(parts, ".")), leaf};
  }
  if (value.find('/') != std::string::npos) return {"", value};
  const size_t dot = value.rfind('.');
  return dot == std::string::npos ? Place{"", value} : Place{value, value.substr(dot + 1)};
}

void give_names(Model& model, const Network& network) {
  std::vector<Named> values = values_of(network);
  std::set<std::string> all, used;
  for (const Named& value : values) all.insert(value.value);
  for (const Layer& layer : model.layers) used.insert(value_of_layer(layer.name, all));
  for (const auto& [name, taker] : model.folded) used.insert(value_of_layer(name, all));
  choose_names(values, used);
  std::map<std::string, std::string> names;
  for (const Named& value : values) names[value.value] = value.name;
  const auto renamed = [&](const std::string& layer) {
    const std::string value = value_of_layer(layer, all);
    return names.contains(value) ? names.at(value) + layer.substr(value.size()) : layer;
  };
  std::set<std::string> layers;
  for (Layer& layer : model.layers) {
    layer.name = renamed(layer.name);
    for (std::string& input : layer.inputs) input = input == Model::kInput ? input : renamed(input);
    layers.insert(layer.name);
  }
  std::map<std::string, std::string> folded;
  for (const auto& [name, taker] : model.folded) {
    folded[renamed(name)] = renamed(taker);
    if (renamed(name) != name) folded[name] = renamed(taker);
  }
  // PyTorch's exporter folds norms into convolutions itself: the module that a convolution had is in the name of its weights alone.
  for (const Node& node : network.nodes) {
    if (node.scope.empty() || node.inputs.size() < 2 || !names.contains(node.outputs[0])) continue;
    const std::string module = without_ending(node.inputs[1], ".weight"), layer = renamed(node.outputs[0]);
    if (node.op == "Conv" && module != node.inputs[1] && module != node.scope && layers.contains(layer) &&
        !layers.contains(module))
      folded.emplace(module, layer);
  }
  model.folded = std::move(folded);
  note_folded_norms(model, network);
  const auto add_alias = [&](const std::string& alias, const std::string& layer) {
    if (!alias.empty() && layers.contains(layer) && !layers.contains(alias) && !model.folded.contains(alias))
      model.aliases.emplace(alias, layer);
  };
  for (const auto& [module, value] : ends_of_modules(values, used)) {
    const std::string layer = renamed(value);
    const auto gone = model.folded.find(layer);
    add_alias(module, gone == model.folded.end() ? layer : gone->second);
  }
  for (const Named& value : values) add_alias(value.value, value.name);
  for (const Node& node : network.nodes) {
    const auto values_written =
        node.outputs.size() - static_cast<size_t>(std::count(node.outputs.begin(), node.outputs.end(), ""));
    if (values_written == 1 && names.contains(node.outputs[0])) add_alias(node.name, names.at(node.outputs[0]));
  }
}

}  // namespace phosphene::source
