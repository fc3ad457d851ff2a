#include "experiment/pages/captions.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "experiment/objective/term_list.h"
#include "experiment/pages/setting_words.h"

namespace phosphene {
namespace {

constexpr std::string_view kPre = ":pre";

struct Said {
  TermInWords words;
  Json term;
  std::string layer;  // that it reads, "" for none
  double weight = 1;
  bool leads = false;
  bool first = false;  // that leads: the record's layer, unit and label are about it
};

std::string text_of(const Json& json, const char* key) {
  return json.is_object() && json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : "";
}

int64_t image_of(const Json& record) { return record.value("image", int64_t{0}); }

bool kind_leads(const std::string& kind) {
  const auto known =
      std::find_if(term_kinds().begin(), term_kinds().end(), [&](const TermKind& one) { return one.name == kind; });
  return known != term_kinds().end() && known->leads;
}

bool concerns(const Json& term, int64_t image) {
  if (!term.is_object() || !term.contains("image")) return true;
  const Json& which = term["image"];
  return which.is_array() ? std::find(which.begin(), which.end(), Json(image)) != which.end() : which == image;
}

// The terms that shape one image; all of them where none of those makes a picture.
std::vector<Said> terms_of(const Json& record, int64_t image) {
  const Json terms = record.value("terms", Json::array());
  const std::vector<TermInWords> words = phosphene::in_words(terms);
  std::vector<Said> all, some;
  for (size_t i = 0; i < words.size(); ++i) {
    Said said{words[i], terms[i], "", 1, kind_leads(words[i].kind), false};
    said.first = said.leads && std::none_of(all.begin(), all.end(), [](const Said& before) { return before.leads; });
    if (said.words.reads_layer) said.layer = said.words.layer.empty() ? text_of(record, "layer") : said.words.layer;
    if (said.term.is_object() && said.term.contains("weight") && said.term["weight"].is_number())
      said.weight = said.term["weight"].get<double>();
    if (concerns(said.term, image)) some.push_back(said);
    all.push_back(std::move(said));
  }
  return std::any_of(some.begin(), some.end(), [](const Said& said) { return said.leads; }) ? some : all;
}

std::vector<Said> leading(const std::vector<Said>& terms) {
  std::vector<Said> some;
  std::copy_if(terms.begin(), terms.end(), std::back_inserter(some), [](const Said& said) { return said.leads; });
  return some;
}

bool is_class(const Said& said) { return said.words.kind == "class" || said.words.kind == "probability"; }

// Of a class; "" where neither its term nor the record says it.
std::string class_label(const Said& said, const Json& record) {
  if (!is_class(said)) return "";
  const std::string label = text_of(said.term[said.words.kind], "label");
  return label.empty() && said.first ? text_of(record, "label") : label;
}

// ---- headings ----

std::string layer_in_words(const std::string& layer) {
  return layer.ends_with(kPre) ? without_pre(layer) + " before its activation" : layer;
}

bool of_one_layer(const std::vector<Said>& terms) {
  return std::all_of(terms.begin(), terms.end(), [&](const Said& said) { return said.layer == terms.front().layer; });
}

std::string heading_of(const std::vector<Said>& terms, const Json& record) {
  if (terms.empty()) return text_of(record, "name");
  if (terms.size() == 1) {
    const std::string label = class_label(terms[0], record);
    return (terms[0].weight < 0 ? "minus " : "") + (label.empty() ? terms[0].words.words : label);
  }
  std::string sum;
  const bool one_layer = of_one_layer(terms);
  for (const Said& said : terms) {
    if (!sum.empty() || said.weight < 0) sum += said.weight < 0 ? (sum.empty() ? "−" : " − ") : " + ";
    if (std::abs(said.weight) != 1) sum += number_in_words(std::abs(said.weight)) + " × ";
    sum += said.words.words + (one_layer ? "" : " of " + layer_in_words(said.layer));
  }
  return sum;
}

// ---- what stands below ----

// "diversity 100", "penalty on total variation 0.025"
std::string shaping_in_words(const Said& said) {
  const std::string amount = std::abs(said.weight) == 1 ? "" : " " + number_in_words(std::abs(said.weight));
  if (said.words.reads_layer) return said.words.words + amount;
  return (said.weight < 0 ? "penalty on " : "reward for ") + said.words.words + amount;
}

int64_t images_of(const Json& record, const Json& config) {
  const Json sweep = record.value("sweep", Json::object());
  const auto among = [](const Json& json, const std::string& key) {
    return json.is_object() && json.contains(key) && json[key].is_number_integer() ? json[key].get<int64_t>() : 0;
  };
  if (const int64_t swept = among(sweep, "/images"); swept > 0) return swept;
  const std::string variant = text_of(sweep, "variant");
  const Json::json_pointer place("/sweep/variants");
  if (!variant.empty() && config.contains(place) && config[place].contains(variant))
    if (const int64_t own = among(config[place][variant], "images"); own > 0) return own;
  return std::max<int64_t>(1, among(config, "images"));
}

// Whether another image of the group would be called the same.
bool has_twin(const Json& record, int64_t images, const std::string& heading) {
  constexpr int64_t kMostCompared = 16;
  if (images > kMostCompared) return true;
  for (int64_t image = 0; image < images; ++image)
    if (image != image_of(record) && heading_of(leading(terms_of(record, image)), record) == heading) return true;
  return false;
}

// What a sweep sets and the terms do not say.
void append_settings(const Json& record, std::vector<std::string>& words) {
  const Json sweep = record.value("sweep", Json::object());
  for (const auto& [pointer, value] : sweep.items())
    if (pointer.starts_with("/") && !pointer.starts_with("/objective"))
      words.push_back(setting_in_words(pointer) + " " + setting_value_in_words(pointer, value));
}

std::string words_below(const Json& record, const Json& config, const std::vector<Said>& terms,
                        const std::string& subject) {
  const std::string variant = text_of(record.value("sweep", Json::object()), "variant");
  const std::vector<Said> main = leading(terms);
  std::vector<std::string> words;
  if (!variant.empty() && subject != variant) words.push_back(subject);
  if (main.size() == 1 && is_class(main[0]) && !class_label(main[0], record).empty())
    words.push_back(main[0].words.kind);
  if (!main.empty() && of_one_layer(main)) words.push_back(layer_in_words(main[0].layer));
  for (const Said& said : terms)
    if (!said.leads) words.push_back(shaping_in_words(said));
  append_settings(record, words);
  const int64_t images = images_of(record, config);
  if (images > 1 && has_twin(record, images, subject))
    words.push_back(fmt::format("image {} of {}", image_of(record) + 1, images));
  return fmt::format("{}", fmt::join(words, " · "));
}

// ---- units ----

// `number` may be anything, and "" a label.
void append_unit(std::vector<PictureUnit>& units, const std::string& layer, const Json& number,
                 const std::string& label) {
  PictureUnit unit{without_pre(layer), std::nullopt, label, ""};
  if (number.is_number_integer()) unit.number = number.get<int64_t>();
  if (layer.empty() || (!unit.number && label.empty())) return;
  if (std::none_of(units.begin(), units.end(), [&](const PictureUnit& one) { return one.key() == unit.key(); }))
    units.push_back(unit);
}

// The units that a term is about.
void append_units(const Said& said, const Json& record, std::vector<PictureUnit>& units) {
  const Json& body = said.term[said.words.kind];
  const auto number = [&](const Json& json, const char* key) {
    return json.is_object() ? json.value(key, Json()) : Json();
  };
  if (is_class(said)) {
    if (!said.first) return;  // nobody else's layer of logits is named
    const std::string label = class_label(said, record);
    const Json index = body.contains("index") ? number(body, "index") : number(record, "unit");
    append_unit(units, text_of(record, "layer"), index, label);
  } else if (said.words.kind == "product" && body.is_array()) {
    for (const Json& factor : body)
      for (const char* kind : {"channel", "neuron"})
        if (factor.is_object() && factor.contains(kind))
          append_unit(units, text_of(factor[kind], "layer"), number(factor[kind], "unit"), "");
  } else {
    for (const char* key : {"unit", "to_unit"}) append_unit(units, text_of(body, "layer"), number(body, key), "");
  }
}

std::string role_of(const std::vector<Said>& terms, const std::vector<Said>& main, size_t units) {
  if (main.size() > 1 || units > 1) return "joint";
  if (std::any_of(terms.begin(), terms.end(), [](const Said& said) { return said.words.kind == "diversity"; }))
    return "diverse";
  if (is_class(main[0])) return "class";
  if (main[0].words.kind == "neuron") return "neuron";
  return main[0].weight < 0 ? "negative" : "positive";
}

std::vector<PictureUnit> units_of_terms(const Json& record, const std::vector<Said>& terms) {
  const std::vector<Said> main = leading(terms);
  std::vector<PictureUnit> units;
  for (const Said& said : main) append_units(said, record, units);
  for (PictureUnit& unit : units) unit.role = role_of(terms, main, units.size());
  return units;
}

}  // namespace

std::string without_pre(const std::string& layer) {
  return layer.ends_with(kPre) ? layer.substr(0, layer.size() - kPre.size()) : layer;
}

Json units_json(const std::vector<PictureUnit>& units) {
  Json list = Json::array();
  for (const PictureUnit& unit : units) {
    list.push_back(
        {{"layer", unit.layer}, {"unit", unit.number ? Json(*unit.number) : Json(unit.label)}, {"role", unit.role}});
    if (!unit.label.empty()) list.back()["label"] = unit.label;
  }
  return list;
}

Caption caption_of(const Json& record, const Json& config) {
  const std::vector<Said> terms = terms_of(record, image_of(record)), main = leading(terms);
  const std::string variant = text_of(record.value("sweep", Json::object()), "variant");
  Caption caption;
  caption.subject = heading_of(main, record);
  caption.heading = variant.empty() ? caption.subject : variant;
  caption.words = words_below(record, config, terms, caption.subject);
  caption.kind = main.empty() ? "" : main.front().words.kind;
  caption.units = units_of_terms(record, terms);
  return caption;
}

}  // namespace phosphene
