// Strict reading of JSON: every complaint names the file and the JSON pointer.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/json.h"
#include "loaders/named_file.h"
#include "runtime/error.h"

namespace phosphene {

// What is read beyond JSON's syntax. A key that is given twice in one object is always an error, and so is a number that a double
// does not hold.
struct JsonRules {
  int max_depth = std::numeric_limits<int>::max();  // more objects and lists within each other are refused
  bool whole_numbers = false;                       // 2.0 and 1e3 become the integers 2 and 1000, up to 2^53
};

// `place` names the text in errors. A syntax error names line and column.
Json parse_json(const std::string& text, const std::string& place, const JsonRules& rules = {});
// The same, but nothing for a syntax error.
std::optional<Json> try_parse_json(const std::string& text, const std::string& place, const JsonRules& rules = {},
                                   std::string* syntax_error = nullptr);

// Reads a file (loaders/text_file.h) of ours or a user's: whole numbers become integers, and texts that json_text() wrote for bytes
// become these bytes again (loaders/json_text.h).
Json read_json(const std::string& path);

// A value and its place. Refers to the JSON it is given, which must live longer.
class JsonReader {
 public:
  // `folder`: what file names in the JSON are relative to.
  JsonReader(const Json& json, std::string file, std::string pointer = "", std::string folder = "")
      : json_(&json), file_(std::move(file)), pointer_(std::move(pointer)), folder_(std::move(folder)) {}

  [[nodiscard]] const Json& json() const { return *json_; }
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const std::string& pointer() const { return pointer_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }
  // "FILE: /pointer". Without a file, as for a config made from flags, the pointer alone.
  [[nodiscard]] std::string place() const;
  // A value within a file, such as one layer of a network. `what` names it; places of the value itself end with it.
  [[nodiscard]] static JsonReader within(const Json& json, const std::string& file, const std::string& what) {
    JsonReader reader(json, file + ": " + what);
    reader.root_ = "";
    return reader;
  }
  // The same place with another value, such as the default of a key that is not there.
  [[nodiscard]] JsonReader instead(const Json& json) const { return {json, file_, pointer_, folder_}; }

  template <class... Arguments>
  [[noreturn]] void refuse(fmt::format_string<Arguments...> what, Arguments&&... arguments) const {
    throw Error(Blame::user, place(), fmt::format(what, std::forward<Arguments>(arguments)...));
  }
  // "expected `wanted`, got a list"; numbers and short strings are shown.
  [[noreturn]] void refuse_type(std::string_view wanted) const;

  [[nodiscard]] bool is_object() const;
  [[nodiscard]] bool is_array() const;
  [[nodiscard]] bool is_string() const;
  [[nodiscard]] bool is_number() const;
  [[nodiscard]] bool is_boolean() const;
  [[nodiscard]] bool is_null() const;
  void must_be_array() const;
  void must_be_object() const;

  // Objects. `only`: the object must have no other keys than these.
  const JsonReader& only(const std::vector<std::string>& keys) const;
  [[nodiscard]] std::vector<std::string> keys() const;
  [[nodiscard]] bool has(std::string_view key) const;
  [[nodiscard]] JsonReader at(const std::string& key) const;  // throws when the key is missing
  // An object with exactly one of these keys, such as {"fourier": {...}}, and any of those `beside`; returns the key.
  [[nodiscard]] std::string kind(const std::vector<std::string>& kinds,
                                 const std::vector<std::string>& beside = {}) const;

  // Lists.
  [[nodiscard]] size_t size() const;
  [[nodiscard]] JsonReader at(size_t index) const;

  // Values; limits are inclusive.
  [[nodiscard]] std::string string() const;  // may be empty
  [[nodiscard]] std::string text() const;    // not empty
  [[nodiscard]] NamedFile file_name() const { return {text(), folder_}; }
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] int64_t integer(int64_t least, int64_t most) const;  // 2.0 and 1e3 are whole numbers too, up to 2^53
  [[nodiscard]] double number(double least, double most) const;      // finite
  [[nodiscard]] float number() const;                                // any that is finite as a float32
  [[nodiscard]] std::vector<float> numbers(double least, double most) const;                     // a list, not empty
  [[nodiscard]] std::vector<int64_t> integers(size_t count, int64_t least, int64_t most) const;  // a list of so many
  [[nodiscard]] std::vector<std::string> strings() const;  // a list, of any length
  [[nodiscard]] std::string word(const std::vector<std::string>& words) const;

 private:
  const Json* json_;
  std::string file_, pointer_, folder_;
  std::string root_ = "/";  // how the value without a pointer is called
};

}  // namespace phosphene
