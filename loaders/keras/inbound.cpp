#include "loaders/keras/inbound.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "loaders/shown.h"

namespace phosphene::keras {
namespace {

constexpr int64_t kMostCalls = 1000000;  // Keras counts them through a whole session
constexpr int64_t kMostOutputs = 10000;
constexpr size_t kNumbers = 3;  // of a reference: layer, call, output

bool is_reference(const JsonReader& json) {
  return json.is_array() && json.size() >= kNumbers && json.at(size_t{0}).is_string() && json.at(1).is_number();
}

Reference reference_of(const JsonReader& json) {
  return {json.at(size_t{0}).text(), json.at(1).integer(0, kMostCalls), json.at(2).integer(0, kMostOutputs)};
}

// null, false, or lists of these.
bool says_nothing(const JsonReader& json) {
  if (json.is_null() || (json.is_boolean() && !json.boolean())) return true;
  if (!json.is_array()) return false;
  for (size_t i = 0; i < json.size(); ++i) {
    if (!says_nothing(json.at(i))) return false;
  }
  return true;
}

void check_arguments(const JsonReader& named) {
  named.must_be_object();
  for (const std::string& key : named.keys()) {
    if (!says_nothing(named.at(key))) named.refuse("is called with the argument '{}', which is not read", shown(key));
  }
}

// One call before Keras 3: a list of [layer, call, output, arguments], or just one of these.
void read_list(const JsonReader& json, std::vector<Read>& reads) {
  if (!is_reference(json)) {
    if (json.size() == 0) json.refuse("reads nothing");
    for (size_t i = 0; i < json.size(); ++i) {
      if (!is_reference(json.at(i))) json.at(i).refuse("expected [layer, call, output]");
      read_list(json.at(i), reads);
    }
    return;
  }
  if (json.size() > kNumbers + 1) json.refuse("expected [layer, call, output, arguments]");
  if (json.size() == kNumbers + 1) check_arguments(json.at(kNumbers));
  reads.push_back({reference_of(json), 0});
}

// One argument of a call of Keras 3.
void read_argument(const JsonReader& json, std::vector<Read>& reads) {
  if (json.is_array()) {
    for (size_t i = 0; i < json.size(); ++i) read_argument(json.at(i), reads);
  } else if (json.is_object() && json.has("class_name") && json.at("class_name").string() == "__keras_tensor__") {
    reads.push_back({reference_of(json.at("config").at("keras_history")), 0});
  } else if (json.is_number()) {
    reads.push_back({std::nullopt, json.number()});
  } else {
    json.refuse("is an argument of a kind that is not read");
  }
}

}  // namespace

std::vector<Reference> references_in(const JsonReader& json) {
  if (is_reference(json)) return {reference_of(json)};
  std::vector<Reference> references;
  if (json.is_object()) {
    for (const std::string& key : json.keys()) references.push_back(reference_of(json.at(key)));
    return references;
  }
  json.must_be_array();
  for (size_t i = 0; i < json.size(); ++i) references.push_back(reference_of(json.at(i)));
  return references;
}

std::vector<Call> calls_in(const JsonReader& entry, size_t layer) {
  const JsonReader nodes = entry.at("inbound_nodes");
  nodes.must_be_array();
  std::vector<Call> calls;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const JsonReader node = nodes.at(i);
    Call call{layer, static_cast<int64_t>(i), {}, {}};
    if (node.is_object()) {
      read_argument(node.at("args"), call.reads);
      if (node.has("kwargs")) check_arguments(node.at("kwargs"));
    } else {
      node.must_be_array();
      read_list(node, call.reads);
    }
    calls.push_back(std::move(call));
  }
  return calls;
}

void Wiring::set(const Reference& first, const std::vector<std::string>& values) {
  Reference reference = first;
  for (const std::string& value : values) {
    values_[reference] = value;
    ++reference.output;
  }
}

std::optional<std::string> Wiring::value(const Reference& reference) const {
  const auto found = values_.find(reference);
  return found == values_.end() ? std::nullopt : std::optional<std::string>(found->second);
}

std::optional<Reference> Wiring::missing(const Call& call) const {
  if (call.waits_for && !values_.contains(*call.waits_for)) return call.waits_for;
  for (const Read& read : call.reads) {
    if (read.reference && !values_.contains(*read.reference)) return read.reference;
  }
  return std::nullopt;
}

Arguments Wiring::arguments_of(const Call& call) const {
  Arguments arguments;
  for (const Read& read : call.reads) {
    if (read.reference)
      arguments.push_back({std::nullopt, values_.at(*read.reference)});
    else
      arguments.push_back({read.number, ""});
  }
  return arguments;
}

}  // namespace phosphene::keras
