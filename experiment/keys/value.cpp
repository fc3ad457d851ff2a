#include "experiment/keys/value.h"

#include <nlohmann/json.hpp>

#include "loaders/json_text.h"

namespace phosphene {

Value<double> number(double least, double most) {
  return {std::make_shared<NumberFormat>(least, most, false),
          [=](const JsonReader& reader) { return reader.number(least, most); },
          [](const double& value) { return number_json(value).dump(); }};
}

Value<int64_t> integer(int64_t least, int64_t most) {
  return {std::make_shared<NumberFormat>(static_cast<double>(least), static_cast<double>(most), true),
          [=](const JsonReader& reader) { return reader.integer(least, most); },
          [](const int64_t& value) { return std::to_string(value); }};
}

Value<uint64_t> seed_number() {
  constexpr int64_t kMost = int64_t{1} << 53;
  return {std::make_shared<NumberFormat>(0, static_cast<double>(kMost), true),
          [](const JsonReader& reader) { return static_cast<uint64_t>(reader.integer(0, kMost)); },
          [](const uint64_t& value) { return std::to_string(value); }};
}

Value<bool> boolean() {
  return {std::make_shared<BooleanFormat>(), [](const JsonReader& reader) { return reader.boolean(); },
          [](const bool& value) { return std::string(value ? "true" : "false"); }};
}

Value<std::string> text(std::string example) {
  return {std::make_shared<TextFormat>("a string", std::move(example)),
          [](const JsonReader& reader) { return reader.text(); },
          [](const std::string& value) { return value.empty() ? std::string() : json_text(Json(value)); }};
}

Value<NamedFile> file(std::string example, FileKind kind) {
  return {std::make_shared<FileFormat>(kind, "a file name", std::move(example)),
          [](const JsonReader& reader) { return reader.file_name(); },
          [](const NamedFile& value) { return value.empty() ? std::string() : json_text(Json(value.name)); }};
}

}  // namespace phosphene
