#include <algorithm>
#include <array>

#include "loaders/architectures/architecture.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

struct Found {
  const ArchitectureFamily* family = nullptr;
  std::string member;
};

std::vector<Found> recognised(const StateDict& dict) {
  std::vector<Found> found;
  for (const ArchitectureFamily& family : architecture_families()) {
    for (const std::string& member : family.recognise(dict)) found.push_back({&family, member});
  }
  return found;
}

std::string members_of(const std::vector<Found>& found) {
  std::vector<std::string> members;
  for (const Found& one : found) members.push_back(one.member);
  return fmt::format("{}", fmt::join(members, " or "));
}

// "encoder" of encoder.conv1.weight, encoder.bn1.weight ...; "" where not all names begin alike.
std::string first_part(const StateDict& dict) {
  const std::string& first = dict.tensors.front().name;
  const std::string part = first.substr(0, first.find('.') + 1);
  const bool shared = std::all_of(dict.tensors.begin(), dict.tensors.end(), [&](const StateTensor& tensor) {
    return tensor.name.size() > part.size() && tensor.name.starts_with(part);
  });
  return shared ? part : "";
}

[[noreturn]] void refuse_unknown(const StateDict& dict) {
  std::string members;
  for (const ArchitectureFamily& family : architecture_families())
    members += fmt::format("{}{}", members.empty() ? "" : "; ", family.members);
  fail(dict.path,
       "holds {} tensors ('{}', ...) of no network that is known by its tensors' names; known: {}. Export it to "
       "ONNX, which holds the network too",
       dict.tensors.size(), dict.tensors.empty() ? "" : dict.tensors[0].name, members);
}

[[noreturn]] void refuse_wanted(const StateDict& dict, const std::vector<Found>& found, const std::string& wanted,
                                const std::string& says) {
  std::vector<std::string> names;
  for (const ArchitectureFamily& family : architecture_families())
    names.insert(names.end(), family.names.begin(), family.names.end());
  const bool known = std::find(names.begin(), names.end(), architecture_called(wanted)) != names.end();
  if (!known)
    fail(dict.path, "{} says {}, which is no network that is known{}; its tensors are of {}", says, wanted,
         suggestion(wanted, names), members_of(found));
  fail(dict.path, "expected {}, as {} says, got tensors of {}", wanted, says, members_of(found));
}

const Found& chosen(const StateDict& dict, const std::vector<Found>& found, const std::string& wanted,
                    const std::string& says) {
  if (wanted.empty()) {
    if (found.size() > 1)
      fail(dict.path,
           "could be {}, which have the same tensors and compute different things: say which with --architecture",
           members_of(found));
    return found.front();
  }
  std::vector<const Found*> of_family;
  for (const Found& one : found) {
    if (one.member == wanted || one.member == architecture_called(wanted)) return one;
    if (one.family->name == wanted) of_family.push_back(&one);
  }
  if (of_family.size() != 1) refuse_wanted(dict, found, wanted, says);
  return *of_family.front();
}

}  // namespace

std::span<const ArchitectureFamily> architecture_families() {
  namespace a = architectures;
  static const std::array families = {a::alexnet::family(),
                                      a::vgg::family(),
                                      a::googlenet::family(),
                                      a::inception_v3::family(),
                                      a::resnet::family(),
                                      a::densenet::family(),
                                      a::squeezenet::family(),
                                      a::mobilenet_v2::family(),
                                      a::mobilenet_v3::family(),
                                      a::shufflenet_v2::family(),
                                      a::mnasnet::family(),
                                      a::efficientnet::family(),
                                      a::regnet::family(),
                                      a::convnext::family(),
                                      a::timm_efficientnet::family(),
                                      a::efficientnet_pytorch::family(),
                                      a::mtcnn::family()};
  return families;
}

source::Network build_architecture(const StateDict& given, const std::string& wanted, const std::string& says) {
  StateDict dict = given;
  std::vector<Found> found = recognised(dict);
  while (found.empty() && !dict.tensors.empty()) {
    const std::string part = first_part(dict);
    if (part.empty()) break;
    for (StateTensor& tensor : dict.tensors) tensor.name.erase(0, part.size());  // which keeps their order
    dict.prefix += part;
    found = recognised(dict);
  }
  if (found.empty()) refuse_unknown(given);
  const Found& one = chosen(dict, found, wanted, says);
  return one.family->build(dict, one.member);
}

}  // namespace phosphene
