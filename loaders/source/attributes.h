// Reading a node's attributes so that none is ignored: what a rule does not ask for is refused by name at the end.
#pragma once

#include <fmt/format.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/source/network.h"

namespace phosphene::source {

// Throws under the node's place. The network and the node must outlive it.
class Attributes {
 public:
  Attributes(const Network& network, const Node& node) : network_(network), node_(node) {}

  [[nodiscard]] const Node& node() const { return node_; }
  [[nodiscard]] std::string place() const { return place_of(network_, node_); }
  [[nodiscard]] bool has(const std::string& name) const { return node_.attributes.contains(name); }

  // The value of an attribute, or what holds without it. Throws when it is of another type, or no number in [least, most].
  int64_t integer(const std::string& name, int64_t otherwise, int64_t least, int64_t most);
  int64_t integer(const std::string& name, int64_t least, int64_t most);  // throws without the attribute
  bool flag(const std::string& name, bool otherwise);                     // an integer, 0 or 1
  double number(const std::string& name, double otherwise);               // finite; an integer counts
  std::string text(const std::string& name, const std::string& otherwise);
  std::string word(const std::string& name, const std::string& otherwise, const std::vector<std::string>& words);
  // A list; empty without the attribute. A single integer is a list of one.
  std::vector<int64_t> integers(const std::string& name, int64_t least, int64_t most);
  std::vector<double> numbers(const std::string& name);
  std::vector<std::string> texts(const std::string& name);
  const Constant* constant(const std::string& name);  // null without the attribute

  // Attributes that change nothing that is computed here.
  void ignore(const std::vector<std::string>& names);

  // Throws for an attribute that none of these has asked for, with the nearest name of those that were.
  void finish() const;

  template <class... Arguments>
  [[noreturn]] void refuse(fmt::format_string<Arguments...> what, Arguments&&... arguments) const {
    throw_fault(fmt::format(what, std::forward<Arguments>(arguments)...));
  }

 private:
  const Attribute* find(const std::string& name);
  [[noreturn]] void refuse_type(const std::string& name, std::string_view wanted) const;
  [[noreturn]] void throw_fault(const std::string& fault) const;

  const Network& network_;
  const Node& node_;
  std::set<std::string> asked_;
};

}  // namespace phosphene::source
