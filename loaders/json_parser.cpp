// JSON by the library's parser, with what it would pass over: repeated keys, depth, and numbers beyond a double.
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "loaders/json_reader.h"

namespace phosphene {
namespace {

// "line 3, column 7" of a byte offset.
std::string line_and_column(const std::string& text, size_t byte) {
  const size_t end = std::min(byte > 0 ? byte - 1 : 0, text.size());
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(end), '\n');
  const size_t start = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
  return fmt::format("line {}, column {}", line, end - (start == std::string::npos ? 0 : start + 1) + 1);
}

// 1000 of "1e3" and "1000.0", exactly as it is written; none of "2.5", and none beyond 2^53.
std::optional<int64_t> whole_number(std::string_view literal) {
  constexpr int64_t kMost = int64_t{1} << 53, kMostZeros = 20;
  const bool negative = literal.starts_with('-');
  if (negative) literal.remove_prefix(1);
  const size_t e = literal.find_first_of("eE");
  std::string digits(literal.substr(0, e));
  int64_t exponent = 0;
  if (e != literal.npos) {
    const std::string_view power = literal.substr(literal[e + 1] == '+' ? e + 2 : e + 1);
    const auto [end, error] = std::from_chars(power.data(), power.data() + power.size(), exponent);
    if (error != std::errc{} || exponent > kMostZeros) return std::nullopt;
  }
  if (const size_t point = digits.find('.'); point != digits.npos) {
    exponent -= std::ssize(digits) - static_cast<int64_t>(point) - 1;
    digits.erase(point, 1);
  }
  if (digits.find_first_not_of('0') == digits.npos) return 0;
  for (; exponent < 0 && digits.ends_with('0'); ++exponent) digits.pop_back();
  if (exponent < 0 || exponent > kMostZeros) return std::nullopt;
  digits.append(static_cast<size_t>(exponent), '0');
  int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || number > kMost) return std::nullopt;
  return negative ? -number : number;
}

// What the library's parser calls.
class JsonBuilder {
 public:
  using number_integer_t = Json::number_integer_t;
  using number_unsigned_t = Json::number_unsigned_t;
  using number_float_t = Json::number_float_t;
  using string_t = Json::string_t;
  using binary_t = Json::binary_t;

  JsonBuilder(const std::string& text, const std::string& place, const JsonRules& rules)
      : text_(text), place_(place), rules_(rules) {}

  Json root;
  std::string syntax_error;  // with its line and column

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(number_integer_t value) { return add(value); }
  bool number_unsigned(number_unsigned_t value) { return add(value); }
  bool number_float(number_float_t value, const string_t& literal) {
    const std::optional<int64_t> whole = rules_.whole_numbers ? whole_number(literal) : std::nullopt;
    if (!whole) return add(value);
    return *whole < 0 ? add(*whole) : add(static_cast<uint64_t>(*whole));
  }
  bool string(string_t& value) { return add(std::move(value)); }
  bool binary(binary_t& /*value*/) { return false; }  // JSON has none
  bool start_object(size_t /*elements*/) { return open(Json::object()); }
  bool start_array(size_t /*elements*/) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(string_t& name) {
    if (!open_.back().keys.insert(name).second) fail(place_, "the key '{}' is given twice in one object", name);
    key_ = std::move(name);
    return true;
  }
  bool parse_error(size_t position, const std::string& token, const nlohmann::detail::exception& error) {
    constexpr int kNumberTooLarge = 406;
    const std::string what = error.what();
    if (error.id == kNumberTooLarge)
      fail(place_, "{}: the number {} is larger than a double can be",
           line_and_column(text_, position + 1 - std::min(position, token.size())), token);
    const size_t start = what.find("syntax error");
    const size_t detail = what.find(" - ", start == std::string::npos ? 0 : start);
    const auto* syntax = dynamic_cast<const Json::parse_error*>(&error);
    syntax_error = fmt::format("{}: not valid JSON: {}", line_and_column(text_, syntax == nullptr ? 0 : syntax->byte),
                               detail == std::string::npos ? "syntax error" : what.substr(detail + 3));
    return false;
  }

 private:
  struct Open {
    Json* json;
    std::set<std::string> keys;
  };

  bool add(Json value) {
    (void)put(std::move(value));
    return true;
  }
  Json* put(Json value) {
    if (open_.empty()) {
      root = std::move(value);
      return &root;
    }
    Json& into = *open_.back().json;
    if (into.is_array()) {
      into.push_back(std::move(value));
      return &into.back();
    }
    return &(into[key_] = std::move(value));
  }
  bool open(Json value) {
    if (std::ssize(open_) >= rules_.max_depth)
      fail(place_, "is nested too deep: more than {} levels", rules_.max_depth);
    Json* json = put(std::move(value));
    open_.push_back({json, {}});
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  const std::string& text_;
  const std::string& place_;
  const JsonRules& rules_;
  std::vector<Open> open_;
  std::string key_;
};

}  // namespace

std::optional<Json> try_parse_json(const std::string& text, const std::string& place, const JsonRules& rules,
                                   std::string* syntax_error) {
  JsonBuilder builder(text, place, rules);
  if (Json::sax_parse(text, &builder)) return std::move(builder.root);
  if (syntax_error != nullptr) *syntax_error = std::move(builder.syntax_error);
  return std::nullopt;
}

Json parse_json(const std::string& text, const std::string& place, const JsonRules& rules) {
  std::string syntax_error;
  std::optional<Json> json = try_parse_json(text, place, rules, &syntax_error);
  if (!json) fail(place, "{}", syntax_error);
  return std::move(*json);
}

}  // namespace phosphene
