#include "loaders/keras/layer_weights.h"

#include <algorithm>
#include <map>
#include <set>

#include "loaders/shown.h"
#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene::keras {
namespace {

using source::Constant;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string quoted(const std::vector<std::string>& names) {
  return names.empty() ? "none" : fmt::format("'{}'", fmt::join(names, "', '"));
}

// "conv/kernel:0" without what TensorFlow appends: "conv/kernel".
std::string without_output(std::string name) {
  size_t end = name.size();
  while (end > 0 && is_digit(name[end - 1])) --end;
  if (end > 0 && end < name.size() && name[end - 1] == ':') name.resize(end - 1);
  return name;
}

std::string last_part(const std::string& name) { return name.substr(name.rfind('/') + 1); }

// Other names that the same numbers have had.
bool means(const std::string& part, const std::string& name) {
  static const std::map<std::string, std::string> others = {
      {"depthwise_kernel", "kernel"}, {"moving_mean", "running_mean"}, {"moving_variance", "running_std"}};
  if (part == name) return true;
  const auto other = others.find(name);
  return other != others.end() && part == other->second;
}

// Keras reads by the order alone. A part that says plainly that it is something else shows that the file is not what it seems.
bool contradicts(const std::string& part, const std::string& name) {
  static const std::set<std::string> known = {"kernel",       "bias",       "depthwise_kernel", "pointwise_kernel",
                                              "gamma",        "beta",       "moving_mean",      "moving_variance",
                                              "alpha",        "mean",       "variance",         "count",
                                              "running_mean", "running_std"};
  return known.contains(part) && !means(part, name);
}

// Numbers that a layer keeps for training, or for itself: of Dropout and augmentation, and how many pictures a Normalization saw.
bool is_bookkeeping(const std::string& part) {
  return part == "seed_generator_state" || part == "count" || part.starts_with("seed");
}

Constant constant_of(hdf5::File& file, const std::string& dataset) {
  std::vector<int64_t> dims = file.dims(dataset);
  return Constant::of(file.numbers(dataset), std::move(dims));
}

class GroupedWeights final : public LayerWeights {
 public:
  explicit GroupedWeights(hdf5::File& file) : file_(file) {}

  std::vector<Constant> read(const std::vector<Step>& path, const std::vector<std::string>& names) override {
    const std::string group = "model_weights/" + path.front().name;
    const std::vector<std::string>& datasets = datasets_of(group);
    const std::vector<std::string> found =
        path.size() > 1 ? of_nested(path, names, datasets) : of_layer(path, names, datasets);
    std::vector<Constant> constants;
    for (const std::string& dataset : found)
      constants.push_back(constant_of(file_, fmt::format("{}/{}", group, dataset)));
    return constants;
  }

 private:
  const std::vector<std::string>& datasets_of(const std::string& group) {
    const auto known = datasets_.find(group);
    if (known != datasets_.end()) return known->second;
    return datasets_[group] = file_.texts(group, "weight_names").value_or(std::vector<std::string>());
  }

  [[nodiscard]] std::string place(const std::vector<Step>& path) const {
    return fmt::format("{}: layer '{}'", file_.place(), shown(path.back().name));
  }

  [[nodiscard]] std::vector<std::string> of_layer(const std::vector<Step>& path, const std::vector<std::string>& names,
                                                  const std::vector<std::string>& all) const {
    std::vector<std::string> datasets;
    for (const std::string& dataset : all) {
      if (!is_bookkeeping(last_part(without_output(dataset)))) datasets.push_back(dataset);
    }
    if (datasets.size() != names.size())
      fail(place(path), "expected the weights: {}; got: {}", quoted(names), shown(quoted(datasets)));
    for (size_t i = 0; i < names.size(); ++i) {
      if (contradicts(last_part(without_output(datasets[i])), names[i]))
        fail(place(path), "expected its {} where the file holds '{}'", names[i], shown(datasets[i]));
    }
    return datasets;
  }

  [[nodiscard]] std::vector<std::string> of_nested(const std::vector<Step>& path, const std::vector<std::string>& names,
                                                   const std::vector<std::string>& datasets) const {
    const std::string& layer = path.back().name;
    const auto owned = std::count_if(datasets.begin(), datasets.end(), [&](const std::string& dataset) {
      const std::string clean = without_output(dataset), part = last_part(clean);
      return clean == layer + "/" + part && !is_bookkeeping(part);
    });
    if (owned > static_cast<std::ptrdiff_t>(names.size()))
      fail(place(path), "expected the weights: {}; got {} of them", quoted(names), owned);
    std::vector<std::string> found;
    for (const std::string& name : names) {
      std::vector<std::string> exact, within;
      for (const std::string& dataset : datasets) {
        const std::string clean = without_output(dataset), part = last_part(clean);
        if (clean.size() == part.size() || !means(part, name)) continue;
        const std::string owner = clean.substr(0, clean.size() - part.size() - 1);
        if (owner == layer) exact.push_back(dataset);
        if (owner.ends_with("/" + layer)) within.push_back(dataset);
      }
      const std::vector<std::string>& best = exact.empty() ? within : exact;
      if (best.size() != 1)
        fail(place(path), "the nested model '{}' has {} weights called '{}/{}'; expected one", shown(path.front().name),
             best.size(), shown(layer), name);
      found.push_back(best.front());
    }
    return found;
  }

  hdf5::File& file_;
  std::map<std::string, std::vector<std::string>> datasets_;  // by group
};

class CountedWeights final : public LayerWeights {
 public:
  explicit CountedWeights(hdf5::File& file)
      : file_(file), layers_(file.has("layers") ? "layers" : "_layer_checkpoint_dependencies") {}

  std::vector<Constant> read(const std::vector<Step>& path, const std::vector<std::string>& names) override {
    const std::string place = fmt::format("{}: layer '{}'", file_.place(), shown(path.back().name));
    std::string group;
    for (const Step& step : path) group += fmt::format("{}{}/{}", group.empty() ? "" : "/", layers_, step.counted);
    check_parts(group, place);
    const std::vector<std::string> datasets = file_.children(group + "/vars");
    const bool counts = names.size() == 2 && names.front() == "mean" && datasets.size() == names.size() + 1;
    if (datasets.size() != names.size() && !counts)
      fail(place, "expected the weights: {}; got {} of them", quoted(names), datasets.size());
    if (const auto name = file_.text(group + "/vars", "name"); name && *name != path.back().name)
      fail(place, "the file holds the weights of '{}' in its place", shown(*name));
    std::vector<Constant> constants;
    for (size_t i = 0; i < names.size(); ++i) {
      stop_if_requested();
      constants.push_back(constant_of(file_, fmt::format("{}/vars/{}", group, i)));
    }
    return constants;
  }

 private:
  // A layer made of others keeps theirs beside its own.
  void check_parts(const std::string& group, const std::string& place) const {
    for (const std::string& part : file_.children(group)) {
      if (part != "vars" && !is_bookkeeping(part))
        fail(place, "has a part '{}' with weights of its own, which is not read", shown(part));
    }
  }

  hdf5::File& file_;
  std::string layers_;
};

}  // namespace

std::string snake_case(const std::string& class_name) {
  std::string snake;
  for (size_t i = 0; i < class_name.size(); ++i) {
    const char c = class_name[i];
    const bool word = i > 0 && is_upper(c) &&
                      (is_lower(class_name[i - 1]) || (i + 1 < class_name.size() && is_lower(class_name[i + 1])));
    if (word) snake += '_';
    snake += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return snake;
}

std::unique_ptr<LayerWeights> grouped_weights(hdf5::File& file) { return std::make_unique<GroupedWeights>(file); }
std::unique_ptr<LayerWeights> counted_weights(hdf5::File& file) { return std::make_unique<CountedWeights>(file); }

}  // namespace phosphene::keras
