#include <algorithm>
#include <array>
#include <set>
#include <sstream>

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

// Every digit as 0, so that names are compared by their form.
std::string form_of(std::string_view name) {
  std::string form;
  for (const char c : name) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit || !form.ends_with('0')) form += digit ? '0' : c;
  }
  return form;
}

// The families whose tensors have names of this form.
std::vector<const ArchitectureFamily*> named_alike(const StateDict& dict) {
  std::set<std::string> forms;
  for (const StateTensor& tensor : dict.tensors) forms.insert(form_of(tensor.name));
  std::vector<const ArchitectureFamily*> alike;
  for (const ArchitectureFamily& family : architecture_families()) {
    std::istringstream typical(family.typical);
    for (std::string name; typical >> name;) {
      if (!forms.contains(form_of(name))) continue;
      alike.push_back(&family);
      break;
    }
  }
  return alike;
}

[[noreturn]] void refuse_unknown(const StateDict& dict) {
  const std::string first = dict.tensors.empty() ? "" : dict.tensors[0].name;
  const std::vector<const ArchitectureFamily*> alike = named_alike(dict);
  std::vector<std::string> members, names;
  for (const ArchitectureFamily* family : alike) {
    names.emplace_back(family->name);
    members.emplace_back(family->members);
  }
  if (!alike.empty())
    fail(dict.path,
         "holds {} tensors ('{}', ...) named like those of {}, but of no member that is known ({}). Export it to ONNX, "
         "which holds the network too",
         dict.tensors.size(), first, fmt::join(names, " or "), fmt::join(members, "; "));
  for (const ArchitectureFamily& family : architecture_families()) members.emplace_back(family.members);
  fail(dict.path,
       "holds {} tensors ('{}', ...) of no network that is known by its tensors' names; known: {}. Export it to "
       "ONNX, which holds the network too",
       dict.tensors.size(), first, fmt::join(members, "; "));
}

[[noreturn]] void refuse_wanted(const StateDict& dict, const std::vector<Found>& found, const std::string& wanted,
                                const std::string& says) {
  std::vector<std::string> names;
  for (const ArchitectureFamily& family : architecture_families())
    names.insert(names.end(), family.names.begin(), family.names.end());
  const bool known = std::find(names.begin(), names.end(), architecture_called(wanted)) != names.end();
  for (const Found& one : found) names.push_back(one.member);
  if (!known)
    fail(dict.path, "{} says {}, an unknown network{}; its tensors are of {}", says, wanted, suggestion(wanted, names),
         members_of(found));
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
