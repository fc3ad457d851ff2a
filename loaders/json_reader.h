// Strict reading of a JSON value: every complaint names the file and the JSON pointer.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "experiment/config/config.h"
#include "runtime/error.h"

namespace phosphene {

class JsonReader {
 public:
  JsonReader(const Json& json, std::string file, std::string pointer = "")
      : json_(&json), file_(std::move(file)), pointer_(std::move(pointer)) {}

  [[nodiscard]] const Json& json() const { return *json_; }
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const std::string& pointer() const { return pointer_; }
  // Without a file, as of a config that flags made, the pointer alone.
  [[nodiscard]] std::string place() const {
    return (file_.empty() ? "" : file_ + ": ") + (pointer_.empty() ? "/" : pointer_);
  }

  template <class... Arguments>
  [[noreturn]] void refuse(fmt::format_string<Arguments...> what, Arguments&&... arguments) const {
    throw Error(Blame::user, place(), fmt::format(what, std::forward<Arguments>(arguments)...));
  }

  // The object must have no other keys than these.
  const JsonReader& only(const std::vector<std::string>& keys) const;
  [[nodiscard]] bool has(const std::string& key) const { return json_->contains(key); }
  [[nodiscard]] JsonReader at(const std::string& key) const;  // throws when it is missing
  [[nodiscard]] JsonReader at(size_t index) const {
    return {(*json_)[index], file_, pointer_ + "/" + std::to_string(index)};
  }
  [[nodiscard]] size_t size() const { return json_->size(); }

  [[nodiscard]] std::string text() const;  // not empty
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] int64_t integer(int64_t least, int64_t most) const;
  [[nodiscard]] double number(double least, double most) const;               // finite
  [[nodiscard]] std::vector<float> numbers(double least, double most) const;  // a list, not empty
  // One of these words.
  [[nodiscard]] std::string word(const std::vector<std::string>& words) const;
  void must_be_array() const;
  void must_be_object() const;
  // An object of exactly one of these keys: {"fourier": {...}}; returns the key.
  [[nodiscard]] std::string kind(const std::vector<std::string>& kinds,
                                 const std::vector<std::string>& beside = {}) const;

 private:
  const Json* json_;
  std::string file_;
  std::string pointer_;
};

}  // namespace phosphene
