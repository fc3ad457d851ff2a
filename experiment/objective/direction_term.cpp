#include "experiment/objective/direction_term.h"

#include <algorithm>
#include <filesystem>

#include "experiment/objective/direction_vectors.h"
#include "experiment/objective/reference_term.h"
#include "layers/objective/direction_objective.h"

namespace phosphene {
namespace {

class DirectionTerm : public Term {
 public:
  std::string layer;
  DirectionSource source;
  int64_t power = 0;           // of the cosine
  std::optional<Position> at;  // none: the mean over the map

  [[nodiscard]] std::vector<LayerRead> reads() const override { return {{layer, std::nullopt}}; }
  [[nodiscard]] std::string short_name() const override {
    if (source.photo.empty()) return "direction";
    return "like_" + std::filesystem::path(source.photo.name).stem().string();
  }
  [[nodiscard]] std::string words() const override {
    return from() + (power > 0 ? fmt::format(", cosine power {}", power) : "");
  }
  [[nodiscard]] std::unique_ptr<TermOps> append(const TermContext& context) const override;
  [[nodiscard]] virtual Patch patch() const { return {}; }

 protected:
  [[nodiscard]] virtual std::string from() const {
    const auto& [row, column] = source.position;
    if (!source.photo.empty())
      return "direction of " + source.photo.name + (row ? fmt::format(" at ({}, {})", *row, *column) : "");
    if (!source.tensor.empty()) return "direction " + source.tensor.name.substr(source.tensor.name.rfind('#') + 1);
    return source.seed ? fmt::format("random direction {}", *source.seed)
                       : fmt::format("direction of {} numbers", source.numbers.size());
  }
};

class TensorDirectionTerm final : public DirectionTerm {
 public:
  Patch of_photo;  // the patch of a photograph; a file's tensor says its own

  TensorDirectionTerm() { at = Position{}; }
  [[nodiscard]] Patch patch() const override {
    return source.tensor.empty() ? of_photo : patch_in_file(source.tensor, place);
  }

 protected:
  [[nodiscard]] std::string from() const override {
    if (source.photo.empty()) return DirectionTerm::from();
    const auto& [row, column] = source.position;
    return fmt::format("{} × {} positions of {}{}", of_photo.height, of_photo.width, source.photo.name,
                       row ? fmt::format(" at ({}, {})", *row, *column) : "");
  }
};

class DirectionOps final : public TermOps {
 public:
  DirectionOps(const TermContext& context, const DirectionTerm& term)
      : index_(context.index),
        rows_(context.name() + " rows"),
        vectors_state_(context.name() + " vectors"),
        activation_(context.layer(term.layer, term.place)),
        shape_(context.graph.shape(activation_)),
        vectors_(context.model, term.layer, shape_, term.patch(), context.shape.h, context.shape.w, term.place) {
    const int64_t count = context.n() * vectors_.patch().height * vectors_.patch().width;
    value_ = context.graph.append(std::make_shared<DirectionObjective>(),
                                  {activation_, context.graph.state(rows_, direction_rows(context.n())),
                                   context.graph.state(vectors_state_, direction_vectors(count, shape_.c))},
                                  context.name());
  }

  [[nodiscard]] ValueId value() const override { return value_; }
  void write(States* states, const std::vector<BatchImage>& images) const override {
    std::vector<DirectionRow> rows;
    std::vector<float> vectors;
    for (const BatchImage& image : images) {
      const auto& term = term_of<DirectionTerm>(image, index_);
      rows.push_back(row(image, term, std::ssize(rows)));
      const std::vector<float> vector =
          vectors_.of(term.source, term.place, states == nullptr ? nullptr : &states->backend());
      vectors.insert(vectors.end(), vector.begin(), vector.end());
    }
    if (states == nullptr) return;
    states->write(rows_, rows);
    states->write(vectors_state_, vectors);
  }

 private:
  [[nodiscard]] DirectionRow row(const BatchImage& image, const DirectionTerm& term, int64_t index) const {
    const Patch& patch = vectors_.patch();
    DirectionRow row;
    row.vector = static_cast<int32_t>(index * patch.height * patch.width);
    row.power = static_cast<int32_t>(term.power);
    row.weight = term.weight_for(image);
    if (term.at)
      std::tie(row.row, row.column) = term.at->within(shape_, patch.height, patch.width, term.layer, term.place);
    row.height = static_cast<int32_t>(patch.height);
    row.width = static_cast<int32_t>(patch.width);
    return row;
  }

  size_t index_;
  std::string rows_, vectors_state_;  // states
  ValueId activation_;
  Shape shape_;
  mutable DirectionVectors vectors_;  // remembers photographs
  ValueId value_ = kNoValue;
};

std::unique_ptr<TermOps> DirectionTerm::append(const TermContext& context) const {
  return std::make_unique<DirectionOps>(context, *this);
}

// ---- how they are written ----

Value<NamedFile> tensor_in_file() {
  const std::string example = "directions.safetensors#v";
  return {std::make_shared<FileFormat>(FileKind::tensor, "\"FILE.safetensors#TENSOR\"", example, "#"),
          [](const JsonReader& reader) {
            NamedFile file = reader.file_name();
            if (file.name.find('#') == std::string::npos)
              reader.refuse("expected 'FILE.safetensors#TENSOR', got '{}'", file.name);
            return file;
          },
          {}};
}

struct PhotoPatch {
  NamedFile photo;
  Position position;
  Patch patch;
};

// A photograph, a position in the layer's map for it and, of a patch, its size.
Value<PhotoPatch> photo_source(bool patch) {
  std::vector<Key<PhotoPatch>> keys;
  keys.push_back(key("photo", &PhotoPatch::photo, photograph_value(), "The photograph.").required());
  keys.push_back(key_read_by<PhotoPatch>("row", map_position(),
                                         "The row in the layer's map, given with its column; the centre by default.",
                                         [](int64_t row, PhotoPatch& source) { source.position.row = row; }));
  keys.push_back(key_read_by<PhotoPatch>("column", map_position(),
                                         "The column in the layer's map, given with its row; the centre by default.",
                                         [](int64_t column, PhotoPatch& source) { source.position.column = column; }));
  if (patch) {
    keys.push_back(key_read_by<PhotoPatch>("height", integer(1, 1 << 14), "Rows of the patch.",
                                           [](int64_t rows, PhotoPatch& source) { source.patch.height = rows; })
                       .required());
    keys.push_back(key_read_by<PhotoPatch>("width", integer(1, 1 << 14), "Columns of the patch.",
                                           [](int64_t columns, PhotoPatch& source) { source.patch.width = columns; })
                       .required());
  }
  return Object<PhotoPatch>("", std::move(keys),
                            [](const JsonReader& reader, PhotoPatch& /*source*/) {
                              if (reader.has("row") || reader.has("column"))
                                (void)reader.at("row"), (void)reader.at("column");
                            })
      .value();
}

DirectionSource from_photo(const PhotoPatch& photo) {
  DirectionSource source;
  source.photo = photo.photo;
  source.position = photo.position;
  return source;
}

DirectionSource from_tensor(const NamedFile& tensor) {
  DirectionSource source;
  source.tensor = tensor;
  return source;
}

Value<DirectionSource> random_source() {
  return Object<DirectionSource>(
             "", {key_read_by<DirectionSource>("random", seed_number(), "The seed of the numbers.",
                                               [](uint64_t seed, DirectionSource& source) { source.seed = seed; })
                      .required()})
      .value();
}

Value<DirectionSource> given_numbers() {
  const Value<std::vector<double>> numbers = list(number(-kAnyNumber, kAnyNumber));
  return {numbers.format,
          [](const JsonReader& reader) {
            DirectionSource source;
            source.numbers = reader.numbers(-kAnyNumber, kAnyNumber);
            if (std::all_of(source.numbers.begin(), source.numbers.end(), [](float x) { return x == 0; }))
              reader.refuse("the zero vector has no direction");
            return source;
          },
          {}};
}

// "everywhere", "centre", {"row": 1, "column": 2}.
Value<std::optional<Position>> at_value(bool everywhere) {
  std::vector<std::pair<std::string, std::optional<Position>>> words;
  if (everywhere) words.emplace_back("everywhere", std::nullopt);
  words.emplace_back("centre", Position{});
  const auto optional = [](const Position& position) { return std::optional<Position>(position); };
  Object<Position> position("", {key("row", &Position::row, map_position(), "The row, from 0.").required(),
                                 key("column", &Position::column, map_position(), "The column, from 0.").required()});
  return either<std::optional<Position>>({word(std::move(words)), converted(position.value(), optional)});
}

template <class T>
std::vector<Key<T>> direction_keys(const char* source, Value<DirectionSource> from, std::string sentence, bool data,
                                   bool everywhere, std::string at_sentence) {
  std::vector<Key<T>> keys;
  keys.push_back(key_of<T>("layer", &T::layer, layer_name(), "The layer.").required());
  Key<T> source_key = key_of<T>(source, &T::source, std::move(from), std::move(sentence)).required();
  source_key.description.is_data = data;
  keys.push_back(std::move(source_key));
  keys.push_back(
      key_of<T>("power", &T::power, cosine_power(), "The power of the cosine that the dot product is multiplied by.")
          .data());
  keys.push_back(key_of<T>("at", &T::at, at_value(everywhere), std::move(at_sentence))
                     .data()
                     .by_default(everywhere ? "\"everywhere\"" : "\"centre\""));
  return keys;
}

}  // namespace

TermKind direction_kind() {
  const Value<DirectionSource> vector =
      either<DirectionSource>({given_numbers(), converted(tensor_in_file(), from_tensor),
                               converted(photo_source(false), from_photo), random_source()});
  return term_kind(
      "direction",
      "A direction in the layer's channels: the mean over its positions of x v, times the cosine to a power.",
      Object<DirectionTerm>("", direction_keys<DirectionTerm>(
                                    "vector", vector,
                                    "A number for each channel, `FILE.safetensors#TENSOR`, normally distributed "
                                    "numbers of a seed, or the layer's activation for a photograph.",
                                    true, true, "Which positions count."))
          .value());
}

TermKind tensor_direction_kind() {
  using Patched = std::pair<DirectionSource, Patch>;
  const Value<Patched> tensor = either<Patched>(
      {converted(tensor_in_file(), [](const NamedFile& file) { return Patched(from_tensor(file), {}); }),
       converted(photo_source(true), [](const PhotoPatch& photo) { return Patched(from_photo(photo), photo.patch); })});
  std::vector<Key<TensorDirectionTerm>> keys =
      direction_keys<TensorDirectionTerm>("tensor", converted(tensor, [](const Patched& both) { return both.first; }),
                                          "", false, false, "First position of the patch.");
  keys[1] = key_read_by<TensorDirectionTerm>(
                "tensor", tensor,
                "`FILE.safetensors#TENSOR` of channels x height x width, or the layer's activation for a patch of a "
                "photograph.",
                [](const Patched& both, TensorDirectionTerm& term) {
                  term.source = both.first;
                  term.of_photo = both.second;
                })
                .required();
  return term_kind("tensor_direction", "A patch of the layer with a direction for each of its positions.",
                   Object<TensorDirectionTerm>("", std::move(keys)).value());
}

}  // namespace phosphene
