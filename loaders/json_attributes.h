// The JSON that a .safetensors file of ours has among its metadata, read strictly: a fault names the file, the place and the key.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace phosphene {

using MetadataJson = nlohmann::ordered_json;

// Parses `text`, the metadata that errors call `what`, nested at most `most_depth` deep.
MetadataJson parse_metadata(const std::string& path, const std::string& what, const std::string& text, int most_depth);

// An object; `where` names the file and the place in it for errors. Refers to the JSON it is given.
class Attributes {
 public:
  Attributes(const MetadataJson& json, std::string where);

  [[nodiscard]] const std::string& where() const { return where_; }
  [[nodiscard]] bool contains(const char* key) const { return json_.contains(key); }
  [[nodiscard]] const MetadataJson& at(const char* key) const;
  [[nodiscard]] std::string string(const char* key) const;
  [[nodiscard]] float number(const char* key) const;  // finite
  [[nodiscard]] int64_t integer(const char* key, int64_t low, int64_t high) const;
  [[nodiscard]] std::vector<int64_t> integers(const char* key, size_t count, int64_t low, int64_t high) const;
  [[nodiscard]] std::vector<std::string> strings(const char* key) const;

 private:
  [[nodiscard]] int64_t checked(const MetadataJson& number, const char* key, int64_t low, int64_t high) const;

  const MetadataJson& json_;
  std::string where_;
};

}  // namespace phosphene
