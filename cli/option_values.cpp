#include "cli/option_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cmath>
#include <vector>

#include "runtime/printable.h"

namespace phosphene {
namespace {

template <class Number>
bool is_number(const std::string& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

// Checks have no description: the parser would show it in its own language.
CLI::Option* checked(CLI::Option* option, const std::function<std::string(const std::string&)>& refusal) {
  option->check(refusal);
  return option;
}

std::string shown(double limit) { return fmt::format("{:g}", limit); }

// "auto, cpu or cuda"
std::string listed(const std::vector<std::string>& words) {
  const auto last = words.end() - 1;
  return fmt::format("{} or {}", fmt::join(words.begin(), last, ", "), *last);
}

}  // namespace

CLI::Option* whole_number(CLI::Option* option, int64_t least, int64_t most) {
  option->type_name("N")->description(fmt::format("{}; {} to {}", option->get_description(), least, most));
  return checked(option, [least, most](const std::string& text) -> std::string {
    int64_t number = 0;
    if (is_number(text, number) && number >= least && number <= most) return "";
    return fmt::format("expected a whole number from {} to {}, got {}", least, most, printable(text));
  });
}

CLI::Option* number(CLI::Option* option, double least, double most) {
  const bool limited = least > std::numeric_limits<double>::lowest();
  option->type_name("X");
  const bool open_above = most == std::numeric_limits<double>::max();
  std::string range, limits;
  if (limited) {
    range = open_above ? fmt::format(" of at least {}", shown(least))
                       : fmt::format(" from {} to {}", shown(least), shown(most));
    limits = open_above ? fmt::format("at least {}", shown(least)) : fmt::format("{} to {}", shown(least), shown(most));
    option->description(fmt::format("{}; {}", option->get_description(), limits));
  }
  return checked(option, [least, most, range](const std::string& text) -> std::string {
    double number = 0;
    if (is_number(text, number) && std::isfinite(number) && number >= least && number <= most) return "";
    return fmt::format("expected a number{}, got {}{}", range, printable(text),
                       text.find(',') == std::string::npos ? "" : "; decimals are written with a point");
  });
}

CLI::Option* one_of(CLI::Option* option, std::initializer_list<const char*> words, const std::string& or_begins) {
  const std::vector<std::string> known(words.begin(), words.end());
  option->type_name(fmt::format("{}", fmt::join(known, "|")));
  return checked(option, [known, or_begins](const std::string& text) -> std::string {
    for (const std::string& word : known)
      if (text == word) return "";
    if (!or_begins.empty() && text.starts_with(or_begins)) return "";
    return fmt::format("expected {}, got '{}'", listed(known), printable(text));
  });
}

CLI::Option* value(CLI::Option* option, const char* word) { return option->type_name(word); }

}  // namespace phosphene
