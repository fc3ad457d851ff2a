#include "loaders/source/attributes.h"

#include <algorithm>
#include <cmath>

#include "runtime/error.h"

namespace phosphene::source {
namespace {

std::string in_words(const Attribute& attribute) {
  if (const auto* integer = std::get_if<int64_t>(&attribute)) return fmt::format("{}", *integer);
  if (const auto* number = std::get_if<double>(&attribute)) return fmt::format("{}", *number);
  if (const auto* text = std::get_if<std::string>(&attribute)) return fmt::format("'{}'", text->substr(0, 40));
  if (const auto* list = std::get_if<std::vector<int64_t>>(&attribute)) return fmt::format("{} integers", list->size());
  if (const auto* list = std::get_if<std::vector<double>>(&attribute)) return fmt::format("{} numbers", list->size());
  if (const auto* list = std::get_if<std::vector<std::string>>(&attribute))
    return fmt::format("{} texts", list->size());
  return "a tensor";
}

}  // namespace

const Attribute* Attributes::find(const std::string& name) {
  asked_.insert(name);
  const auto found = node_.attributes.find(name);
  return found == node_.attributes.end() ? nullptr : &found->second;
}

int64_t Attributes::integer(const std::string& name, int64_t otherwise, int64_t least, int64_t most) {
  const Attribute* attribute = find(name);
  if (attribute == nullptr) return otherwise;
  const auto* value = std::get_if<int64_t>(attribute);
  if (value == nullptr) refuse_type(name, "an integer");
  if (*value < least || *value > most) refuse("{} is {}; expected {} to {}", name, *value, least, most);
  return *value;
}

int64_t Attributes::integer(const std::string& name, int64_t least, int64_t most) {
  if (find(name) == nullptr) refuse("the attribute {} is missing", name);
  return integer(name, 0, least, most);
}

bool Attributes::flag(const std::string& name, bool otherwise) { return integer(name, otherwise ? 1 : 0, 0, 1) == 1; }

double Attributes::number(const std::string& name, double otherwise) {
  const Attribute* attribute = find(name);
  if (attribute == nullptr) return otherwise;
  if (const auto* integer = std::get_if<int64_t>(attribute)) return static_cast<double>(*integer);
  const auto* value = std::get_if<double>(attribute);
  if (value == nullptr) refuse_type(name, "a number");
  if (!std::isfinite(*value)) refuse("{} is not finite", name);
  return *value;
}

std::string Attributes::text(const std::string& name, const std::string& otherwise) {
  const Attribute* attribute = find(name);
  if (attribute == nullptr) return otherwise;
  const auto* value = std::get_if<std::string>(attribute);
  if (value == nullptr) refuse_type(name, "a text");
  return *value;
}

std::string Attributes::word(const std::string& name, const std::string& otherwise,
                             const std::vector<std::string>& words) {
  std::string value = text(name, otherwise);
  if (std::find(words.begin(), words.end(), value) == words.end())
    refuse("{} is '{}'; expected '{}'", name, value.substr(0, 40), fmt::join(words, "', '"));
  return value;
}

std::vector<int64_t> Attributes::integers(const std::string& name, int64_t least, int64_t most) {
  const Attribute* attribute = find(name);
  if (attribute == nullptr) return {};
  std::vector<int64_t> values;
  if (const auto* list = std::get_if<std::vector<int64_t>>(attribute))
    values = *list;
  else if (const auto* one = std::get_if<int64_t>(attribute))
    values = {*one};
  else
    refuse_type(name, "a list of integers");
  for (const int64_t value : values) {
    if (value < least || value > most) refuse("{} holds {}; expected {} to {}", name, value, least, most);
  }
  return values;
}

std::vector<double> Attributes::numbers(const std::string& name) {
  const Attribute* attribute = find(name);
  if (attribute == nullptr) return {};
  std::vector<double> values;
  if (const auto* list = std::get_if<std::vector<double>>(attribute))
    values = *list;
  else if (const auto* integers = std::get_if<std::vector<int64_t>>(attribute))
    values.assign(integers->begin(), integers->end());
  else
    refuse_type(name, "a list of numbers");
  for (const double value : values) {
    if (!std::isfinite(value)) refuse("{} holds a number that is not finite", name);
  }
  return values;
}

std::vector<std::string> Attributes::texts(const std::string& name) {
  const Attribute* attribute = find(name);
  if (attribute == nullptr) return {};
  const auto* list = std::get_if<std::vector<std::string>>(attribute);
  if (list == nullptr) refuse_type(name, "a list of texts");
  return *list;
}

const Constant* Attributes::constant(const std::string& name) {
  const Attribute* attribute = find(name);
  if (attribute == nullptr) return nullptr;
  const auto* value = std::get_if<Constant>(attribute);
  if (value == nullptr) refuse_type(name, "a tensor");
  return value;
}

void Attributes::ignore(const std::vector<std::string>& names) { asked_.insert(names.begin(), names.end()); }

void Attributes::finish() const {
  for (const auto& [name, attribute] : node_.attributes) {
    if (asked_.contains(name)) continue;
    refuse("has the attribute {} = {}, which is not supported{}", name, in_words(attribute),
           suggestion(name, {asked_.begin(), asked_.end()}));
  }
}

void Attributes::refuse_type(const std::string& name, std::string_view wanted) const {
  refuse("{}: expected {}, got {}", name, wanted, in_words(node_.attributes.at(name)));
}

void Attributes::throw_fault(const std::string& fault) const { throw Error(Blame::user, place(), fault); }

}  // namespace phosphene::source
