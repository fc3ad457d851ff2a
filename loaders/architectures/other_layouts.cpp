#include "loaders/architectures/other_layouts.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>

#include "runtime/error.h"

namespace phosphene {
namespace {

// R S C K -> K C R S.
void put_outputs_first(StateTensor& kernel) {
  const std::vector<int64_t> dims = kernel.dims, strides = kernel.strides;
  for (size_t i = 0; i < 4; ++i) {
    constexpr std::array<size_t, 4> kFrom = {3, 2, 0, 1};
    kernel.dims[i] = dims[kFrom[i]];
    kernel.strides[i] = strides[kFrom[i]];
  }
}

std::optional<std::string> stem_of(const std::string& name, std::string_view ending) {
  if (!name.ends_with(ending)) return std::nullopt;
  return name.substr(0, name.size() - ending.size());
}

// Every tensor is NAME.0, a kernel, or NAME.1, its bias, which has as many numbers as the kernel has outputs.
bool are_pairs(const StateDict& dict) {
  return !dict.tensors.empty() && std::all_of(dict.tensors.begin(), dict.tensors.end(), [&](const StateTensor& tensor) {
    if (const auto stem = stem_of(tensor.name, ".0")) {
      const StateTensor* bias = dict.find(*stem + ".1");
      return tensor.dims.size() == 4 && bias != nullptr && bias->dims == std::vector{tensor.dims[3]};
    }
    const auto stem = stem_of(tensor.name, ".1");
    return stem && dict.find(*stem + ".0") != nullptr;
  });
}

void rename_pairs(StateDict& dict) {
  for (StateTensor& tensor : dict.tensors) {
    const bool kernel = tensor.name.ends_with(".0");
    tensor.name.replace(tensor.name.size() - 1, 1, kernel ? "weight" : "bias");
    if (kernel) put_outputs_first(tensor);
  }
}

// A trunk of Flax: its convolutions by number, and what they are called in torchvision's `features`.
struct Trunk {
  const char* prefix;
  std::array<int, 13> features;  // 0 behind the last
};
constexpr std::array<Trunk, 2> kTrunks{
    {{"VGG16_0.Conv_", {0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28}}, {"AlexNet_0.Conv_", {0, 3, 6, 8, 10}}}};
constexpr const char* kDistance = "NetLinLayer_";

const Trunk* trunk_of(const StateDict& dict) {
  for (const Trunk& trunk : kTrunks) {
    if (std::all_of(dict.tensors.begin(), dict.tensors.end(), [&](const StateTensor& tensor) {
          const bool known =
              tensor.name.ends_with(".kernel") ? tensor.dims.size() == 4 : tensor.name.ends_with(".bias");
          return known && (tensor.name.starts_with(trunk.prefix) || tensor.name.starts_with(kDistance));
        }))
      return dict.find(std::string(trunk.prefix) + "0.kernel") == nullptr ? nullptr : &trunk;
  }
  return nullptr;
}

void rename_trunk(StateDict& dict, const Trunk& trunk) {
  std::erase_if(dict.tensors, [&](const StateTensor& tensor) {
    if (!tensor.name.starts_with(kDistance)) return false;
    dict.skipped.push_back(tensor.name);
    return true;
  });
  for (size_t i = 0; i < trunk.features.size() && (i == 0 || trunk.features.at(i) > 0); ++i) {
    const std::string flax = fmt::format("{}{}.", trunk.prefix, i),
                      torch = fmt::format("features.{}.", trunk.features.at(i));
    for (StateTensor& tensor : dict.tensors) {
      if (tensor.name != flax + "kernel" && tensor.name != flax + "bias") continue;
      const bool kernel = tensor.name.ends_with("kernel");
      if (kernel) put_outputs_first(tensor);
      tensor.name = torch + (kernel ? "weight" : "bias");
    }
  }
}

void sort_names(StateDict& dict) {
  dict.by_name.resize(dict.tensors.size());
  std::iota(dict.by_name.begin(), dict.by_name.end(), 0U);
  std::sort(dict.by_name.begin(), dict.by_name.end(),
            [&](uint32_t a, uint32_t b) { return dict.tensors[a].name < dict.tensors[b].name; });
}

}  // namespace

StateDict in_pytorch_layout(StateDict dict) {
  if (const Trunk* trunk = trunk_of(dict))
    rename_trunk(dict, *trunk);
  else if (are_pairs(dict))
    rename_pairs(dict);
  else
    return dict;
  sort_names(dict);
  return dict;
}

}  // namespace phosphene
