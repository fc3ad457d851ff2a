#include "experiment/objective/term_list.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiment/objective/direction_term.h"
#include "experiment/objective/group_terms.h"
#include "experiment/objective/layer_term.h"
#include "experiment/objective/penalty_term.h"
#include "experiment/objective/product_term.h"
#include "experiment/objective/reference_term.h"
#include "experiment/objective/style_term.h"
#include "experiment/objective/unit_term.h"

namespace phosphene {
namespace {

constexpr int64_t kMaxImages = 1024;  // of a group

// {"channel": {...}, "weight": 1, "image": 0}: one kind, and what all kinds have.
class TermFormat final : public ObjectFormat {
 public:
  explicit TermFormat(std::vector<KeyDescription> keys, size_t kinds)
      : ObjectFormat("One term: exactly one kind, and how much it counts.", std::move(keys), kinds) {}

  [[nodiscard]] Json schema() const override {
    Json schema = ObjectFormat::schema();
    for (size_t i = 0; i < term_kinds().size(); ++i)
      if (term_kinds()[i].is_minimised) schema["oneOf"][i]["required"].push_back("weight");
    schema["properties"]["weight"]["not"] = {{"const", 0}};
    return schema;
  }
};

// A list that has a term which leads.
class TermListFormat final : public Format {
 public:
  explicit TermListFormat(FormatPtr term) : term_(term), list_(std::move(term), 1, SIZE_MAX) {}

  [[nodiscard]] bool accepts(const JsonReader& value) const override { return list_.accepts(value); }
  [[nodiscard]] Json schema() const override {
    Json leading = Json::array();
    for (const TermKind& kind : term_kinds())
      if (kind.leads) leading.push_back({{"required", {kind.name}}});
    Json schema = list_.schema();
    schema["contains"] = {{"anyOf", leading}};
    return schema;
  }
  [[nodiscard]] std::string words() const override { return "a list of terms"; }
  void erase_data(Json& value) const override { list_.erase_data(value); }
  void add_defaults(Json& value) const override { list_.add_defaults(value); }
  [[nodiscard]] std::string example() const override {
    return R"([{"channel": {"layer": "inception_4a/output", "unit": 97}}])";
  }
  void visit(const std::string& path, KeyVisitor& visitor) const override { list_.visit(path, visitor); }
  void visit_files(Json& value, const std::string& pointer, const FileVisitor& visit) const override {
    list_.visit_files(value, pointer, visit);
  }

 private:
  FormatPtr term_;
  ListFormat list_;
};

Value<int64_t> image_number() { return integer(0, kMaxImages - 1); }

std::vector<KeyDescription> keys_of_a_term() {
  std::vector<KeyDescription> keys;
  for (const TermKind& kind : term_kinds())
    keys.push_back({kind.name, kind.sentence, kind.format, "", "", false, false, 0});
  keys.push_back(
      {"weight",
       "How much the term counts. A negative weight minimises it. Terms that are there to be made small have no "
       "default.",
       number(-kAnyNumber, kAnyNumber).format, "1", "", false, true, 0});
  keys.push_back(
      {"image", "Which images of the group the term is for, from 0; all by default.",
       either<std::vector<int64_t>>(
           {converted(image_number(), [](int64_t one) { return std::vector<int64_t>{one}; }), list(image_number())})
           .format,
       "", "", false, true, 0});
  return keys;
}

void read_weight(const JsonReader& reader, const TermKind& kind, Term& term) {
  // 1, the other terms' default, would maximise what they are there to make small.
  if (!reader.has("weight") && kind.is_minimised)
    reader.refuse("the key 'weight' is missing; it should be negative, such as {}", kind.weight);
  if (!reader.has("weight")) return;
  const double weight = reader.at("weight").number(-kAnyNumber, kAnyNumber);
  term.weight *= weight;  // one of two terms may have a sign of its own
  if (weight == 0) reader.at("weight").refuse("a term of weight 0 does nothing");
}

void read_images(const JsonReader& reader, int64_t images, Term& term) {
  if (term.couples() && images < 2)
    reader.refuse("the term is about the images of a group: set \"images\" to at least 2");
  if (!reader.has("image")) return;
  const JsonReader which = reader.at("image");
  if (term.couples()) which.refuse("the term always applies to all images of the group");
  std::vector<int64_t> some;
  if (which.is_array()) {
    for (size_t i = 0; i < which.size(); ++i) some.push_back(which.at(i).integer(0, images - 1));
    if (some.empty()) which.refuse("expected at least one image, got an empty list");
  } else {
    some.push_back(which.integer(0, images - 1));
  }
  term.set_images(some);
}

void read_term(const JsonReader& reader, int64_t images, Objective& objective) {
  const auto& format = static_cast<const ObjectFormat&>(*term_format());
  const size_t kinds = format.one_of();
  const std::string name = reader.kind(format.names(0, kinds), format.names(kinds));
  const auto kind =
      std::find_if(term_kinds().begin(), term_kinds().end(), [&](const TermKind& known) { return known.name == name; });
  for (const std::shared_ptr<Term>& term : kind->read(reader.at(name))) {
    read_weight(reader, *kind, *term);
    read_images(reader, images, *term);
    objective.terms.push_back(term);
  }
}

const TermKind* kind_of(const JsonReader& term) {
  for (const TermKind& kind : term_kinds())
    if (term.is_object() && term.has(kind.name)) return &kind;
  return nullptr;
}

TermInWords in_words(const TermKind& kind, const JsonReader& body) {
  TermInWords told{kind.name, kind.name, "", false};
  std::replace(told.words.begin(), told.words.end(), '_', ' ');
  try {
    std::vector<std::string> words;
    for (const std::shared_ptr<Term>& term : kind.read(body)) {
      words.push_back(term->words());
      const std::vector<LayerRead> reads = term->reads();
      if (reads.empty() || told.reads_layer) continue;
      told.reads_layer = true;
      told.layer = reads.front().layer;
    }
    told.words = fmt::format("{}", fmt::join(words, kind.between));
  } catch (const Error&) {  // a record of another version: its kind has to do
  }
  return told;
}

}  // namespace

const std::vector<TermKind>& term_kinds() {
  static const std::vector<TermKind> kinds = {
      channel_kind(),
      neuron_kind(),
      class_kind(),
      probability_kind(),
      direction_kind(),
      tensor_direction_kind(),
      layer_kind(),
      interpolation_kind(),
      diversity_kind(),
      alignment_kind(),
      caricature_kind(),
      inversion_kind(),
      style_kind(),
      product_kind(),
      total_variation_kind(),
      l1_kind(),
      l2_kind(),
      blur_kind(),
      boundary_complexity_kind(),
      input_difference_kind(),
      mean_alpha_kind(),
  };
  return kinds;
}

FormatPtr term_format() {
  static const FormatPtr format = std::make_shared<TermFormat>(keys_of_a_term(), term_kinds().size());
  return format;
}

FormatPtr objective_format() {
  static const FormatPtr format = std::make_shared<TermListFormat>(term_format());
  return format;
}

Objective read_objective(const JsonReader& reader, int64_t images) {
  reader.must_be_array();
  if (reader.size() == 0) reader.refuse("expected at least one term, got an empty list: nothing would be maximised");
  Objective objective;
  for (size_t i = 0; i < reader.size(); ++i) read_term(reader.at(i), images, objective);
  if (std::none_of(objective.terms.begin(), objective.terms.end(), [](const TermPtr& term) { return term->leads(); }))
    reader.refuse("expected at least one term that makes a picture, such as {{\"channel\": ...}}");
  return objective;
}

std::vector<TermInWords> in_words(const Json& terms) {
  const JsonReader reader(terms, "");
  std::vector<TermInWords> all;
  for (size_t i = 0; i < reader.size(); ++i) {
    const JsonReader term = reader.at(i);
    const TermKind* kind = kind_of(term);
    all.push_back(kind == nullptr ? TermInWords{"", "a term", "", false} : in_words(*kind, term.at(kind->name)));
  }
  return all;
}

Objective load_objective(const std::string& path, int64_t images) {
  const Json json = read_json(path);
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const JsonReader reader(json, path, "", folder);
  if (!reader.is_object()) return read_objective(reader, images);
  return read_objective(reader.only({"objective"}).at("objective"), images);
}

}  // namespace phosphene
