#include "experiment/config/schema.h"

#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "experiment/config/keys.h"

namespace phosphene {
namespace {

constexpr const char* kIntroduction = R"(# Keys of a config

<!-- Written by `phosphene schema --markdown`; a test compares. Change experiment/config/keys.cpp or the file of a term instead. -->

A config is JSON. Only `model` and `objective` are required; an unknown key is an error. File names are relative to the config's
folder. `phosphene schema` prints the same as JSON Schema for editors.

)";

// A cell of a table: one line, no bars.
std::string cell(const std::string& text) {
  std::string clean;
  for (const char c : text) clean += c == '|' ? std::string("\\|") : std::string(1, c);
  return clean;
}

std::string code(const std::string& text) { return text.empty() ? "" : "`" + text + "`"; }

std::string where(const KeyDescription& key) {
  std::vector<std::string> words;
  if ((key.scopes & kOfAPhase) != 0) words.emplace_back("a phase may change it");
  if ((key.scopes & kOfTheRun) != 0) words.emplace_back("the same for the whole run");
  return words.empty() ? "" : fmt::format(" ({})", fmt::join(words, "; "));
}

std::string row(const KeyDescription& key) {
  const std::string fallback = key.required ? "required" : code(key.default_value);
  return fmt::format("| `{}` | {}{} | {} | {} | {} |\n", key.name, cell(key.sentence), where(key),
                     cell(key.format->words()), cell(fallback), cell(code(key.example())));
}

// One section for each object that has keys.
class Sections final : public KeyVisitor {
 public:
  void object(const std::string& path, const ObjectFormat& object) override {
    if (object.keys().empty()) return;
    if (!path.empty()) text_ += fmt::format("\n## `{}`\n\n", path);
    if (!path.empty() && !object.sentence().empty()) text_ += object.sentence() + "\n\n";
    if (object.one_of() > 0 && object.one_of() == object.keys().size()) text_ += "Exactly one of these keys.\n\n";
    if (object.one_of() > 0 && object.one_of() < object.keys().size())
      text_ += fmt::format("Exactly one of the first {} keys.\n\n", object.one_of());
    text_ += "| key | meaning | value | default | example |\n|---|---|---|---|---|\n";
    for (const KeyDescription& key : object.keys()) text_ += row(key);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

Json config_schema() {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "Phosphene experiment"}};
  const Json keys = config_format().schema();
  for (const auto& [name, value] : keys.items()) schema[name] = value;
  return schema;
}

std::string config_reference() {
  Sections sections;
  config_format().visit("", sections);
  return kIntroduction + sections.text();
}

}  // namespace phosphene
