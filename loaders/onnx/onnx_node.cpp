#include "loaders/onnx/onnx_node.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "loaders/onnx/onnx_wire.h"
#include "runtime/error.h"

namespace phosphene::onnx {
namespace {

constexpr const char* kScopes = "pkg.torch.onnx.name_scopes";

// AttributeProto.AttributeType.
enum AttributeType : int32_t {
  type_float = 1,
  type_int,
  type_string,
  type_tensor,
  type_graph,
  type_floats,
  type_ints,
  type_strings,
  type_tensors,
  type_graphs
};
constexpr std::array<const char*, 15> kTypeNames = {
    "UNDEFINED", "FLOAT",   "INT",    "STRING",        "TENSOR",         "GRAPH",      "FLOATS",     "INTS",
    "STRINGS",   "TENSORS", "GRAPHS", "SPARSE_TENSOR", "SPARSE_TENSORS", "TYPE_PROTO", "TYPE_PROTOS"};

// The types whose fields hold something.
std::vector<int32_t> types_held(const AttributeProto& attribute) {
  const std::array<bool, 15> held = {false,
                                     attribute.has_f(),
                                     attribute.has_i(),
                                     attribute.has_s(),
                                     attribute.has_t(),
                                     attribute.has_g(),
                                     attribute.floats_size() > 0,
                                     attribute.ints_size() > 0,
                                     attribute.strings_size() > 0,
                                     attribute.tensors_size() > 0,
                                     attribute.graphs_size() > 0,
                                     attribute.has_sparse_tensor(),
                                     attribute.sparse_tensors_size() > 0,
                                     attribute.has_tp(),
                                     attribute.type_protos_size() > 0};
  std::vector<int32_t> types;
  for (size_t type = 0; type < held.size(); ++type) {
    if (held[type]) types.push_back(static_cast<int32_t>(type));
  }
  return types;
}

// Files of the first years say no type, and a writer of proto3 leaves out a 0, an empty text and an empty list.
int32_t type_of(const std::string& place, const AttributeProto& attribute) {
  const std::vector<int32_t> held = types_held(attribute);
  const auto name = [](int32_t type) { return kTypeNames[static_cast<size_t>(type)]; };
  if (held.size() > 1)
    fail(place, "the attribute {} holds two values, of the types {} and {}", attribute.name(), name(held[0]),
         name(held[1]));
  if (!attribute.has_type()) {
    if (held.empty()) fail(place, "the attribute {} has neither a type nor a value", attribute.name());
    return held[0];
  }
  const int32_t type = attribute.type();
  if (type <= 0 || static_cast<size_t>(type) >= kTypeNames.size())
    fail(place, "the attribute {} is of type {}, which is not known", attribute.name(), type);
  if (!held.empty() && held[0] != type)
    fail(place, "the attribute {} is of type {}, but holds a value of type {}", attribute.name(), name(type),
         name(held[0]));
  return type;
}

std::string text_of(const std::string& place, const std::string& name, const std::string& bytes) {
  if (!is_readable(bytes)) fail(place, "expected readable text in the attribute {}", name);
  return bytes;
}

// `what` is `place` without the file.
source::Attribute value_of(const std::string& place, const std::string& what, AttributeProto& attribute,
                           Tensors& tensors) {
  const int32_t type = type_of(place, attribute);
  switch (type) {
    case type_float:
      return static_cast<double>(attribute.f());
    case type_int:
      return attribute.i();
    case type_string:
      return text_of(place, attribute.name(), attribute.s());
    case type_floats:
      return std::vector<double>(attribute.floats().begin(), attribute.floats().end());
    case type_ints:
      return std::vector<int64_t>(attribute.ints().begin(), attribute.ints().end());
    case type_strings: {
      std::vector<std::string> texts;
      for (const std::string& bytes : attribute.strings()) texts.push_back(text_of(place, attribute.name(), bytes));
      return texts;
    }
    case type_tensor:
      if (!attribute.has_t()) fail(place, "the attribute {} is of type TENSOR, but holds none", attribute.name());
      return tensors.read(*std::unique_ptr<TensorProto>(attribute.release_t()),
                          fmt::format("{}: attribute {}", what, attribute.name()));
    case type_graph:
    case type_graphs:
      fail(place, "holds a graph of its own in the attribute {}, which is not supported: export the network without it",
           attribute.name());
    default:
      fail(place, "the attribute {} is of type {}, which is not supported", attribute.name(),
           kTypeNames[static_cast<size_t>(type)]);
  }
}

void drop_missing_at_end(std::vector<std::string>& names) {
  while (!names.empty() && names.back().empty()) names.pop_back();
}

void check_op(const std::string& place, const NodeProto& node) {
  if (node.op_type().empty()) fail(place, "has no op");
  if (!is_onnx_domain(node.domain()))
    fail(place, "the op '{}' of domain '{}' is not supported", node.op_type(), node.domain());
  if (!node.overload().empty())
    fail(place, "names the overload '{}' of its op, which is not supported", node.overload());
}

template <class Value>
const Value& holding(const std::string& place, const std::string& name, const source::Attribute& attribute) {
  const auto* value = std::get_if<Value>(&attribute);
  if (value == nullptr) fail(place, "its attribute {} is of the wrong type", name);
  return *value;
}

source::Constant constant_of_numbers(const std::string& place, const std::string& name, const std::vector<double>& list,
                                     std::vector<int64_t> dims) {
  for (const double number : list) {
    if (!std::isfinite(number)) fail(place, "its attribute {} holds a number that is not finite", name);
  }
  return source::Constant::of(std::vector<float>(list.begin(), list.end()), std::move(dims));
}

}  // namespace

bool is_onnx_domain(std::string_view domain) { return domain.empty() || domain == "ai.onnx"; }

source::Node read_node(const source::Network& network, NodeProto& node, Tensors& tensors) {
  source::Node result;
  result.name = node.name();
  result.op = node.op_type();
  result.inputs.assign(node.input().begin(), node.input().end());
  result.outputs.assign(node.output().begin(), node.output().end());
  const std::string place = source::place_of(network, result);
  check_op(place, node);
  drop_missing_at_end(result.inputs);
  drop_missing_at_end(result.outputs);
  if (result.outputs.empty()) fail(place, "has no output");
  for (AttributeProto& attribute : *node.mutable_attribute()) {
    if (attribute.name().empty()) fail(place, "has an attribute without a name");
    if (!attribute.ref_attr_name().empty())
      fail(place, "the attribute {} stands for '{}' of a function, but this is none", attribute.name(),
           attribute.ref_attr_name());
    source::Attribute value = value_of(place, place.substr(network.path.size() + 2), attribute, tensors);
    if (!result.attributes.emplace(attribute.name(), std::move(value)).second)
      fail(place, "gives the attribute {} twice", attribute.name());
  }
  for (const StringStringEntryProto& entry : node.metadata_props()) {
    if (entry.key() == kScopes) result.scope = scope_of(entry.value());
  }
  return result;
}

source::Constant constant_of(const source::Network& network, const source::Node& node) {
  const std::string place = source::place_of(network, node);
  if (!node.inputs.empty() || node.outputs.size() != 1 || node.attributes.size() != 1)
    fail(place, "has {} inputs, {} outputs and {} attributes; expected 0, 1 and 1", node.inputs.size(),
         node.outputs.size(), node.attributes.size());
  const std::string& name = node.attributes.begin()->first;
  const source::Attribute& value = node.attributes.begin()->second;
  if (name == "value") return holding<source::Constant>(place, name, value);
  if (name == "value_int") return source::Constant::of(std::vector{holding<int64_t>(place, name, value)}, {});
  if (name == "value_float") return constant_of_numbers(place, name, {holding<double>(place, name, value)}, {});
  if (name == "value_ints") {
    const auto& list = holding<std::vector<int64_t>>(place, name, value);
    return source::Constant::of(list, {static_cast<int64_t>(list.size())});
  }
  if (name == "value_floats") {
    const auto& list = holding<std::vector<double>>(place, name, value);
    return constant_of_numbers(place, name, list, {static_cast<int64_t>(list.size())});
  }
  fail(place, "holds {}; expected value, value_int, value_ints, value_float or value_floats", name);
}

std::string scope_of(const std::string& scopes) {
  std::vector<std::string> names;
  size_t at = 0;
  const auto skip = [&](std::string_view characters) {
    at = std::min(scopes.find_first_not_of(characters, at), scopes.size());
  };
  if (scopes.empty() || scopes.front() != '[' || scopes.back() != ']') return "";
  for (at = 1, skip(" "); at + 1 < scopes.size(); skip(", ")) {
    const char quote = scopes[at];
    if (quote != '\'' && quote != '"') return "";
    const size_t end = scopes.find(quote, at + 1);
    if (end == std::string::npos) return "";
    names.push_back(scopes.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  if (names.size() < 2) return "";
  const std::string& scope = names[names.size() - 2];
  return is_readable(scope) && scope.find('\\') == std::string::npos ? scope : "";
}

}  // namespace phosphene::onnx
