// The terms of an objective. A Term is what a config says, on its own; its ops in the graph of a batch are TermOps. Each kind of
// term is a file beside this one, with its keys, its ops and the rows of its tables, and a row of term_list.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "experiment/image/batch_image.h"
#include "experiment/image/image.h"
#include "experiment/keys/value.h"
#include "loaders/model/model_graph.h"
#include "runtime/interface.h"
#include "runtime/states.h"

namespace phosphene {

class ReferencePhotos;
struct TermContext;

// A layer that a term reads, whole or one channel of it.
struct LayerRead {
  std::string layer;  // "": the model's logits
  std::optional<int64_t> channel;
};

// What all terms of a batch's jobs are in the graph.
class TermOps : public Interface {
 public:
  [[nodiscard]] virtual ValueId value() const = 0;  // N: weighted, one number per image
  // Writes the rows of the tables. Throws, with the term's place, where a unit or position does not exist. `states` null: only checks.
  virtual void write(States* states, const std::vector<BatchImage>& images) const = 0;
};

class Term {
 public:
  Term() = default;
  virtual ~Term() = default;

  double weight = 1;
  std::vector<int64_t> images;  // which images of the group the term is for; empty: all
  std::string place;            // "FILE: /objective/0/channel": where it stands, for errors

  // Makes a picture by itself; other terms shape it.
  [[nodiscard]] virtual bool leads() const { return true; }
  // Reads other images of the group than its own, and so is for all of them.
  [[nodiscard]] virtual bool couples() const { return false; }
  // Reads the alpha channel of a transparent image.
  [[nodiscard]] virtual bool reads_alpha() const { return false; }
  // The layers it reads, one for each of its factors.
  [[nodiscard]] virtual std::vector<LayerRead> reads() const { return {}; }
  // For file names, without layer or sign: "97", "tabby".
  [[nodiscard]] virtual std::string short_name() const { return "direction"; }
  // For pages, without layer and weight: "channel 97".
  [[nodiscard]] virtual std::string words() const = 0;
  // For file names: "inception_4a/output_97".
  [[nodiscard]] virtual std::string name() const;
  // A unit's channel or class, by index or by label.
  [[nodiscard]] virtual std::optional<int64_t> unit() const { return std::nullopt; }
  [[nodiscard]] virtual std::string label() const { return ""; }

  // Says for which images of the group the term is.
  virtual void set_images(const std::vector<int64_t>& some) { images = some; }

  // Appends the term's ops for a batch; the other jobs' terms differ in data only.
  [[nodiscard]] virtual std::unique_ptr<TermOps> append(const TermContext& context) const = 0;

  // The weight of the term for one image; 0 where it is not for the image.
  [[nodiscard]] float weight_for(const BatchImage& image) const;

 protected:
  // The part of the weight that one of `count` images has: an objective is the mean over its images, unless it says otherwise.
  [[nodiscard]] virtual double share(const BatchImage& /*image*/, int64_t count) const {
    return weight / static_cast<double>(count);
  }
};

struct Objective {
  std::vector<std::shared_ptr<const Term>> terms;

  // The first term that makes a picture; an objective always has one.
  [[nodiscard]] const Term& leading() const;
};

// From the index of a term in its objective, and of the factor within the term, to the channels that are computed for it.
struct NeededBlock {
  ChannelBlock block;
  int64_t begin = 0;  // which channel of the term's layer is the block's channel 0

  bool operator==(const NeededBlock&) const = default;
};
using NeededChannels = std::map<std::pair<size_t, size_t>, NeededBlock>;

// What terms append their ops to.
struct TermContext {
  Graph& graph;
  ModelGraph& network;
  const Model& model;
  const ImageSettings& settings;  // of the image; the size is that of `shape`
  Shape shape;                    // N C H W of the network's input
  ImageValues image;              // what penalties read; kNoValue where there is no image
  ReferencePhotos* references;    // or null: no image here could be beside a photograph
  const NeededChannels& needed;
  size_t index = 0;  // of the term within the objective

  [[nodiscard]] int64_t n() const { return shape.n; }
  [[nodiscard]] int64_t group() const { return settings.images; }
  [[nodiscard]] std::string name() const { return "objective " + std::to_string(index); }
  // The value of a layer, "" for the logits. `place`: the term's, for errors.
  [[nodiscard]] ValueId layer(const std::string& layer, const std::string& place) const;
  [[nodiscard]] ReferencePhotos& photographs(const std::string& place) const;
};

// The kind of the term that a batch's image has at this index.
template <class T>
const T& term_of(const BatchImage& image, size_t index) {
  return dynamic_cast<const T&>(*image.objective->terms.at(index));
}

// Terms whose table has one row per image, made by `row` from the image and its own term.
template <class Row, class T>
class RowOps : public TermOps {
 public:
  using MakeRow = std::function<Row(const BatchImage&, const T&)>;

  // The state of the table.
  static std::string rows_of(const TermContext& context) { return context.name() + " rows"; }

  RowOps(const TermContext& context, ValueId value, MakeRow row)
      : index_(context.index), rows_(rows_of(context)), value_(value), row_(std::move(row)) {}

  [[nodiscard]] ValueId value() const override { return value_; }
  void write(States* states, const std::vector<BatchImage>& images) const override {
    std::vector<Row> rows;
    for (const BatchImage& image : images) rows.push_back(row_(image, term_of<T>(image, index_)));
    if (states != nullptr) states->write(rows_, rows);
  }

 private:
  size_t index_;
  std::string rows_;
  ValueId value_;
  MakeRow row_;
};

// A position that a term reads, the centre by default. With `height` and `width` it is where a patch of them begins.
struct Position {
  std::optional<int64_t> row, column;

  bool operator==(const Position&) const = default;

  // Checked against the map. `of`: "" or " of the photograph", for errors.
  [[nodiscard]] std::pair<int32_t, int32_t> within(const Shape& map, int64_t height, int64_t width,
                                                   const std::string& layer, const std::string& place,
                                                   const char* of = "") const;
};

// ---- how terms are written ----

using TermPtr = std::shared_ptr<const Term>;

// A kind of term: a row of term_list.cpp.
struct TermKind {
  std::string name, sentence;
  FormatPtr format;
  // Some terms that a config writes as one are two. `place` of each is the body's.
  std::function<std::vector<std::shared_ptr<Term>>(const JsonReader& body)> read;
  bool leads = true;  // Term::leads of such a term
  // A positive weight would maximise what the term is there to make small: a weight must be given, such as `weight`.
  bool is_minimised = false;
  std::string weight = "";
  std::string between = " and ";  // joins the words of a kind that is read as two terms
};

// The kind of terms that are a T.
template <class T>
TermKind term_kind(std::string name, std::string sentence, Value<T> body) {
  return {std::move(name), std::move(sentence), body.format,
          [body](const JsonReader& reader) {
            auto term = std::make_shared<T>(body.read(reader));
            term->place = reader.place();
            return std::vector<std::shared_ptr<Term>>{term};
          },
          T{}.leads()};
}

// Ranges and keys that several kinds share.
inline constexpr int64_t kMaxUnits = 1 << 24;  // of a layer
inline constexpr double kAnyNumber = 1e30;     // of either sign
Value<std::string> layer_name();
Value<int64_t> unit_number();
Value<int64_t> map_position();  // a row or column
Value<int64_t> cosine_power();

}  // namespace phosphene
