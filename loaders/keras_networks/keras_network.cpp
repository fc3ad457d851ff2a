#include "loaders/keras_networks/keras_network.h"

#include <array>

#include "runtime/error.h"

namespace phosphene {
namespace {

std::span<const KerasFamily> families() {
  namespace k = keras_networks;
  static const std::array all = {k::resnet::family(), k::mobilenet::family(), k::inception_v3::family(),
                                 k::densenet::family(), k::xception::family()};
  return all;
}

}  // namespace

std::string keras_network_in(const KerasWeights& weights) {
  for (const KerasFamily& family : families()) {
    std::string member = family.recognise(weights);
    if (!member.empty()) return member;
  }
  return "";
}

std::vector<std::string> keras_network_names() {
  std::vector<std::string> names;
  for (const KerasFamily& family : families()) names.insert(names.end(), family.names.begin(), family.names.end());
  return names;
}

source::Network build_keras_network(KerasWeights& weights, const std::string& path, const std::string& member) {
  for (const KerasFamily& family : families()) {
    if (family.recognise(weights) == member) return family.build(weights, path, member);
  }
  fail_internal(path, "its layers are not those of {}", member);
}

}  // namespace phosphene
