#include "experiment/config/schema.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiment/config/keys.h"

namespace phosphene {
namespace {

constexpr const char* kIntroduction = R"(# Keys of a config

<!-- Written by `phosphene schema --markdown`; a test compares. Change experiment/config/keys.cpp or the file of a term instead. -->

A config is JSON, in UTF-8. Only `model` and `objective` are required; an unknown key is an error, and so is one that is given twice.
`phosphene schema` prints the same as JSON Schema for editors.

Whole numbers may be written `2`, `2.0` or `2e0`, up to 2^53; they mean the same run.

File names in a config are relative to its folder, those in `--set` and `--model` to the folder that one stands in. `~/` is one's home
folder (`~name` is not read, `./~` is a file of that name). What is not there is looked for among the photographs of
`$PHOSPHENE_ASSETS/photos` and the models that are known by name. A run's `config.json` keeps the names of a config as they are written
and those of the command line as absolute paths, and a run is continued where these are the same: from any folder.

In JSON that phosphene writes, a byte of a file's name that is not UTF-8 stands as U+FFFD and its two hexadecimal digits (`caf`, U+FFFD,
`E9.jpg` for the Latin-1 name of café.jpg), and each byte of a U+FFFD that the name itself holds stands so too. Configs may name files in
this way.

)";

// A cell of a table: one line, no bars.
std::string cell(const std::string& text) {
  std::string clean;
  for (const char c : text) clean += c == '|' ? std::string("\\|") : std::string(1, c);
  return clean;
}

std::string code(const std::string& text) { return text.empty() ? "" : "`" + text + "`"; }

std::string where(const KeyDescription& key) {
  if ((key.scopes & kOfAPhase) != 0) return " A phase may change it.";
  return (key.scopes & kOfTheRun) != 0 ? " It is the same for the whole run." : "";
}

std::string row(const KeyDescription& key) {
  const std::string fallback = key.required ? "required" : code(key.default_value);
  return fmt::format("| `{}` | {}{} | {} | {} | {} |\n", key.name, cell(key.sentence), where(key),
                     cell(key.format->words()), cell(fallback), cell(code(key.example())));
}

std::string table(const ObjectFormat& object) {
  std::string text;
  if (object.one_of() > 0 && object.one_of() == object.keys().size()) text += "Exactly one of these keys.\n\n";
  if (object.one_of() > 0 && object.one_of() < object.keys().size())
    text += fmt::format("Exactly one of the first {} keys.\n\n", object.one_of());
  text += "| key | meaning | value | default | example |\n|---|---|---|---|---|\n";
  for (const KeyDescription& key : object.keys()) text += row(key);
  return text;
}

// One section for each object that has keys; objects with the same keys share one.
class Sections final : public KeyVisitor {
 public:
  void object(const std::string& path, const ObjectFormat& object) override {
    if (object.keys().empty()) return;
    std::string introduction;
    if (!path.empty() && !object.sentence().empty()) introduction = object.sentence() + "\n\n";
    std::string text = table(object);
    const auto alike =
        std::find_if(sections_.begin(), sections_.end(), [&](const Section& section) { return section.table == text; });
    if (alike != sections_.end()) {
      alike->also.push_back(code(path));
      return;
    }
    sections_.push_back({path, object.keys().front().name, std::move(introduction), {}, std::move(text)});
  }

  [[nodiscard]] std::string text() const {
    std::string text;
    for (const Section& section : sections_) {
      if (!section.path.empty()) text += fmt::format("\n## {}\n\n", heading(section));
      text += section.introduction;
      if (!section.also.empty())
        text += fmt::format("These are also the keys of {}.\n\n", fmt::join(section.also, ", "));
      text += section.table;
    }
    return text;
  }

 private:
  struct Section {
    std::string path, first_key, introduction;
    std::vector<std::string> also;  // other paths to such an object
    std::string table;
  };

  // Alternatives have the same path: their first key tells them apart.
  [[nodiscard]] std::string heading(const Section& section) const {
    const auto alternatives = std::count_if(sections_.begin(), sections_.end(),
                                            [&](const Section& other) { return other.path == section.path; });
    return code(section.path) + (alternatives > 1 ? " with " + code(section.first_key) : "");
  }

  std::vector<Section> sections_;
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
