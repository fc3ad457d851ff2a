#include "experiment/objective/term_list.h"

#include <algorithm>
#include <map>

#include "experiment/objective/limits.h"
#include "loaders/json_reader.h"

namespace phosphene {
namespace {

void parse_position(const JsonReader& reader, std::optional<int64_t>& row, std::optional<int64_t>& column) {
  row = reader.at("row").integer(0, kMaxSide);
  column = reader.at("column").integer(0, kMaxSide);
}

// {"photo": ..., "row": ..., "column": ...} and, of a patch, "height" and "width".
void parse_photo_source(const JsonReader& reader, bool patch, DirectionSource& source) {
  reader.must_be_object();
  reader.only(patch ? std::vector<std::string>{"photo", "row", "column", "height", "width"}
                    : std::vector<std::string>{"photo", "row", "column"});
  source.photo = reader.at("photo").text();
  if (reader.has("row") || reader.has("column")) parse_position(reader, source.row, source.column);
  if (!patch) return;
  source.height = reader.at("height").integer(1, kMaxSide);
  source.width = reader.at("width").integer(1, kMaxSide);
}

void parse_file_source(const JsonReader& reader, DirectionSource& source) {
  source.file = reader.text();
  if (source.file.find('#') == std::string::npos)
    reader.refuse("'FILE.safetensors#TENSOR' is meant, not '{}'", source.file);
}

void parse_vector(const JsonReader& reader, DirectionSource& source) {
  if (reader.json().is_string()) {
    parse_file_source(reader, source);
  } else if (reader.json().is_object() && reader.has("photo")) {
    parse_photo_source(reader, false, source);
  } else if (reader.json().is_object()) {
    reader.only({"random"});
    source.seed = static_cast<uint64_t>(reader.at("random").integer(0, int64_t{1} << 53));
  } else {
    source.numbers = reader.numbers(-kAny, kAny);
    if (std::all_of(source.numbers.begin(), source.numbers.end(), [](float x) { return x == 0; }))
      reader.refuse("the zero vector has no direction");
  }
}

void parse_unit(const JsonReader& body, Term& term) {
  term.layer = body.at("layer").text();
  term.unit = body.at("unit").integer(0, kMaxUnits);
}

void parse_channel(const JsonReader& body, Term& term) {
  body.only({"layer", "unit"});
  term.kind = TermKind::channel;
  parse_unit(body, term);
}

void parse_neuron(const JsonReader& body, Term& term) {
  body.only({"layer", "unit", "row", "column"});
  term.kind = TermKind::neuron;
  term.whole_map = false;
  parse_unit(body, term);
  if (body.has("row")) term.row = body.at("row").integer(0, kMaxSide);
  if (body.has("column")) term.column = body.at("column").integer(0, kMaxSide);
}

void parse_class(const JsonReader& body, Term& term) {
  term.kind = TermKind::class_logit;
  if (body.kind({"index", "label"}) == "index") {
    term.unit = body.at("index").integer(0, kMaxUnits);
  } else {
    term.label = body.at("label").text();
  }
}

void parse_probability(const JsonReader& body, Term& term) {
  parse_class(body, term);
  term.kind = TermKind::probability;
}

void parse_at(const JsonReader& at, const std::vector<std::string>& words, Term& term) {
  term.whole_map = at.json().is_string() && at.word(words) == "everywhere";
  if (at.json().is_string()) return;
  if (!at.json().is_object())
    at.refuse("{} or {{\"row\", \"column\"}} is meant",
              words.size() == 1 ? "\"centre\"" : "\"everywhere\", \"centre\"");
  at.only({"row", "column"});
  parse_position(at, term.row, term.column);
}

void parse_direction(const JsonReader& body, Term& term) {
  body.only({"layer", "vector", "power", "at"});
  term.kind = TermKind::direction;
  term.layer = body.at("layer").text();
  parse_vector(body.at("vector"), term.vector);
  if (body.has("power")) term.power = static_cast<int32_t>(body.at("power").integer(0, 2));
  if (body.has("at")) parse_at(body.at("at"), {"everywhere", "centre"}, term);
}

void parse_tensor_direction(const JsonReader& body, Term& term) {
  body.only({"layer", "tensor", "power", "at"});
  term.kind = TermKind::tensor_direction;
  term.layer = body.at("layer").text();
  term.whole_map = false;
  const JsonReader tensor = body.at("tensor");
  if (tensor.json().is_string()) {
    parse_file_source(tensor, term.vector);
  } else {
    parse_photo_source(tensor, true, term.vector);
  }
  if (body.has("power")) term.power = static_cast<int32_t>(body.at("power").integer(0, 2));
  if (body.has("at")) parse_at(body.at("at"), {"centre"}, term);
}

void parse_layer(const JsonReader& body, Term& term) {
  body.only({"layer"});
  term.kind = TermKind::layer;
  term.layer = body.at("layer").text();
}

void parse_diversity(const JsonReader& body, Term& term) {
  body.only({"layer", "form"});
  term.kind = TermKind::diversity;
  term.layer = body.at("layer").text();
  if (body.has("form")) term.per_image = body.at("form").word({"lucid", "article"}) == "lucid";
}

void parse_alignment(const JsonReader& body, Term& term) {
  body.only({"layer", "decay"});
  term.kind = TermKind::alignment;
  term.layer = body.at("layer").text();
  if (body.has("decay")) term.decay = body.at("decay").number(1e-3, 1e6);
}

void parse_reference(const JsonReader& body, Term& term) {
  term.layer = body.at("layer").text();
  term.photo = body.at("photo").text();
}

void parse_caricature(const JsonReader& body, Term& term) {
  body.only({"layer", "photo", "power"});
  term.kind = TermKind::caricature;
  parse_reference(body, term);
  if (body.has("power")) term.power = static_cast<int32_t>(body.at("power").integer(0, 2));
}

void parse_inversion(const JsonReader& body, Term& term) {
  body.only({"layer", "photo"});
  term.kind = TermKind::inversion;
  parse_reference(body, term);
}

void parse_style(const JsonReader& body, Term& term) {
  body.only({"layer", "photo", "form", "pooled"});
  term.kind = TermKind::style;
  parse_reference(body, term);
  if (body.has("form")) term.style_form = body.at("form").word({"l1", "l2"}) == "l1" ? StyleForm::l1 : StyleForm::l2;
  if (body.has("pooled")) term.pooled = body.at("pooled").boolean();
}

// The first of the two terms of an interpolation; the other is rising_term's.
void parse_interpolation(const JsonReader& body, Term& term) {
  body.only({"layer", "unit", "to_layer", "to_unit"});
  term.kind = TermKind::channel;
  term.ramp = Ramp::falling;
  parse_unit(body, term);
}

Term rising_term(const JsonReader& body, const Term& falling) {
  Term term = falling;
  term.ramp = Ramp::rising;
  if (body.has("to_layer")) term.layer = body.at("to_layer").text();
  term.unit = body.at("to_unit").integer(0, kMaxUnits);
  return term;
}

template <PenaltyKind kKind>
void parse_penalty(const JsonReader& body, Term& term) {
  body.only({});
  term.kind = TermKind::penalty;
  term.penalty = kKind;
}

template <PenaltyKind kKind>
void parse_distance(const JsonReader& body, Term& term) {
  body.only({"constant"});
  term.kind = TermKind::penalty;
  term.penalty = kKind;
  if (body.has("constant")) term.constant = body.at("constant").number(-kAny, kAny);
}

void parse_blur(const JsonReader& body, Term& term) {
  body.only({"through"});
  term.kind = TermKind::penalty;
  const bool through = body.has("through") && body.at("through").boolean();
  term.penalty = through ? PenaltyKind::blur_through : PenaltyKind::blur;
}

void parse_boundary_complexity(const JsonReader& body, Term& term) {
  body.only({"border", "constant"});
  term.kind = TermKind::penalty;
  term.penalty = PenaltyKind::boundary_complexity;
  if (body.has("border")) term.border = body.at("border").integer(1, kMaxSide);
  if (body.has("constant")) term.constant = body.at("constant").number(-kAny, kAny);
}

void parse_input_difference(const JsonReader& body, Term& term) {
  body.only({"photo"});
  term.kind = TermKind::penalty;
  term.penalty = PenaltyKind::input_difference;
  if (body.has("photo")) term.photo = body.at("photo").text();
}

// Alpha is not negative: its mean is its distance from 0, a part of which each pixel has.
void parse_mean_alpha(const JsonReader& body, Term& term) {
  body.only({});
  term.kind = TermKind::penalty;
  term.penalty = PenaltyKind::l1;
  term.constant = 0;
  term.of_alpha = true;
}

void parse_product(const JsonReader& body, Term& term);

using ParseBody = void (*)(const JsonReader&, Term&);
const std::vector<std::pair<std::string, ParseBody>> kKinds = {
    {"channel", parse_channel},
    {"neuron", parse_neuron},
    {"class", parse_class},
    {"probability", parse_probability},
    {"direction", parse_direction},
    {"tensor_direction", parse_tensor_direction},
    {"layer", parse_layer},
    {"interpolation", parse_interpolation},
    {"diversity", parse_diversity},
    {"alignment", parse_alignment},
    {"caricature", parse_caricature},
    {"inversion", parse_inversion},
    {"style", parse_style},
    {"product", parse_product},
    {"total_variation", parse_penalty<PenaltyKind::total_variation>},
    {"l1", parse_distance<PenaltyKind::l1>},
    {"l2", parse_distance<PenaltyKind::l2>},
    {"blur", parse_blur},
    {"boundary_complexity", parse_boundary_complexity},
    {"input_difference", parse_input_difference},
    {"mean_alpha", parse_mean_alpha},
};

void parse_weight(const JsonReader& reader, Term& term) {
  // 1, the other terms' default, would maximise what they are there to make small.
  const bool minimised = term.kind == TermKind::penalty || term.kind == TermKind::diversity;
  if (!reader.has("weight") && minimised)
    reader.refuse("the key 'weight' is missing: it is meant to be negative, such as {}",
                  term.kind == TermKind::diversity ? "-100" : "-0.25");
  if (!reader.has("weight")) return;
  term.weight = reader.at("weight").number(-kAny, kAny);
  if (term.weight == 0) reader.at("weight").refuse("a term of weight 0 does nothing");
}

void parse_images(const JsonReader& reader, int64_t images, Term& term) {
  const bool group = term.couples() || term.ramp != Ramp::none;
  if (group && images < 2) reader.refuse("it is about the images of a group: set \"images\" to two or more");
  if (!reader.has("image")) return;
  const JsonReader which = reader.at("image");
  if (group) which.refuse("the term is about all images of the group");
  if (which.json().is_array()) {
    for (size_t i = 0; i < which.size(); ++i) term.images.push_back(which.at(i).integer(0, images - 1));
    if (term.images.empty()) which.refuse("an empty list");
  } else {
    term.images.push_back(which.integer(0, images - 1));
  }
}

// What a term is, of the given kinds, but neither its weight nor its images.
Term parse_body(const JsonReader& reader, const std::vector<std::string>& kinds,
                const std::vector<std::string>& other_keys) {
  const std::string kind = reader.kind(kinds, other_keys);
  const JsonReader body = reader.at(kind);
  Term term;
  term.place = body.place();
  if (kind != "product") body.must_be_object();
  std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& known) {
    return known.first == kind;
  })->second(body, term);
  return term;
}

void parse_product(const JsonReader& body, Term& term) {
  body.must_be_array();
  term.kind = TermKind::product;
  if (body.size() != 2) body.refuse("two factors are meant, not {}", body.size());
  for (size_t i = 0; i < 2; ++i)
    term.factors.push_back(parse_body(body.at(i), {"channel", "neuron", "class", "probability"}, {}));
}

void parse_term(const JsonReader& reader, int64_t images, std::vector<Term>& terms) {
  std::vector<std::string> names;
  for (const auto& [name, parse] : kKinds) names.push_back(name);
  Term term = parse_body(reader, names, {"weight", "image"});
  parse_weight(reader, term);
  parse_images(reader, images, term);
  for (Term& factor : term.factors) factor.images = term.images;
  terms.push_back(term);
  if (term.ramp == Ramp::falling) terms.push_back(rising_term(reader.at("interpolation"), term));
}

}  // namespace

std::vector<Term> parse_terms(const JsonReader& reader, int64_t images) {
  reader.must_be_array();
  if (reader.size() == 0) reader.refuse("an empty list: nothing would be maximised");
  std::vector<Term> terms;
  for (size_t i = 0; i < reader.size(); ++i) parse_term(reader.at(i), images, terms);
  if (std::none_of(terms.begin(), terms.end(), [](const Term& term) { return term.leads(); }))
    reader.refuse("nothing in it makes a picture: a term such as {{\"channel\": ...}} is missing");
  return terms;
}

}  // namespace phosphene
