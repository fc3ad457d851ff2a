#include <array>

#include "loaders/architectures/architecture.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

std::string all_members() {
  std::string members;
  for (const ArchitectureFamily& family : architecture_families())
    members += fmt::format("{}{}", members.empty() ? "" : "; ", family.members);
  return members;
}

}  // namespace

std::span<const ArchitectureFamily> architecture_families() {
  namespace a = architectures;
  static const std::array families = {a::alexnet::family(),       a::vgg::family(),          a::googlenet::family(),
                                      a::inception_v3::family(),  a::resnet::family(),       a::densenet::family(),
                                      a::squeezenet::family(),    a::mobilenet_v2::family(), a::mobilenet_v3::family(),
                                      a::shufflenet_v2::family(), a::mnasnet::family(),      a::efficientnet::family(),
                                      a::regnet::family(),        a::convnext::family(),     a::mtcnn::family()};
  return families;
}

source::Network build_architecture(const StateDict& dict, const std::string& wanted) {
  std::vector<std::string> found;
  const ArchitectureFamily* family = nullptr;
  for (const ArchitectureFamily& one : architecture_families()) {
    const std::string member = one.recognise(dict);
    if (member.empty()) continue;
    found.push_back(member);
    family = &one;
  }
  const std::string first = dict.tensors.empty() ? "" : dict.tensors[0].name;
  if (family == nullptr)
    fail(dict.path,
         "holds {} tensors ('{}', ...) of no network that is known by its tensors' names; known: {}. Export it to "
         "ONNX, which holds the network too",
         dict.tensors.size(), first, all_members());
  if (found.size() > 1) fail(dict.path, "could be {}: say which with --architecture", fmt::join(found, " or "));
  if (!wanted.empty() && wanted != found[0]) fail(dict.path, "expected {}, got tensors of {}", wanted, found[0]);
  return family->build(dict, found[0]);
}

}  // namespace phosphene
