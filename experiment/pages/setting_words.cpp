#include "experiment/pages/setting_words.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "experiment/objective/term_list.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

constexpr size_t kMostCharacters = 80;

std::vector<std::string> parts_of(const std::string& pointer) {
  std::vector<std::string> parts;
  for (size_t at = pointer.find('/'); at != std::string::npos;) {
    const size_t next = pointer.find('/', at + 1);
    parts.push_back(pointer.substr(at + 1, next == std::string::npos ? next : next - at - 1));
    at = next;
  }
  return parts;
}

bool is_number(const std::string& part) {
  return !part.empty() && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string spaced(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

std::string generic(const Json& value);

std::string list_in_words(const Json& list) {
  constexpr size_t kMostNumbers = 4;
  const bool numbers = std::all_of(list.begin(), list.end(), [](const Json& one) { return one.is_number(); });
  if (numbers && list.size() > kMostNumbers) return fmt::format("{} … {}", generic(list.front()), generic(list.back()));
  std::vector<std::string> words;
  for (const Json& one : list) words.push_back(generic(one));
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string generic(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return number_in_words(value.get<double>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_null()) return "none";
  if (value.is_array()) return list_in_words(value);
  std::vector<std::string> words;
  for (const auto& [key, part] : value.items()) {
    const std::string told = generic(part);
    words.push_back(spaced(key) + (told.empty() ? "" : " " + told));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string term_in_words(const Json& term) {
  const TermInWords told = phosphene::in_words(Json::array({term})).front();
  if (!term.is_object() || !term.contains("weight") || !term["weight"].is_number()) return told.words;
  return fmt::format("{} × {}", number_in_words(term["weight"].get<double>()), told.words);
}

std::string objective_in_words(const Json& value) {
  if (!value.is_array()) return generic(value);
  std::vector<std::string> words;
  for (const Json& term : value) words.push_back(term_in_words(term));
  return fmt::format("{}", fmt::join(words, " + "));
}

}  // namespace

std::string number_in_words(double value) { return fmt::format("{:.6g}", value); }

std::string setting_in_words(const std::string& pointer) {
  const std::vector<std::string> parts = parts_of(pointer);
  const auto named = std::find_if_not(parts.rbegin(), parts.rend(), is_number);
  if (named == parts.rend()) return pointer;
  const bool of_phase = parts.size() > 2 && parts[0] == "phases" && is_number(parts[1]);
  return spaced(*named) + (of_phase ? " of phase " + std::to_string(std::stoll(parts[1].substr(0, 9)) + 1) : "");
}

std::string setting_value_in_words(const std::string& pointer, const Json& value) {
  const std::vector<std::string> parts = parts_of(pointer);
  const auto objective = std::find(parts.begin(), parts.end(), "objective");
  const auto depth = parts.end() - objective;  // 1: the list, 2: a term, 3: what a term's key holds
  std::string words;
  if (depth == 1)
    words = objective_in_words(value);
  else if (depth == 2 && value.is_object())
    words = term_in_words(value);
  else if (depth == 3 && value.is_object())
    words = term_in_words({{parts.back(), value}});
  else
    words = generic(value);
  return printable(words, kMostCharacters);
}

}  // namespace phosphene
