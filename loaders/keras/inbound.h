// How the layers of a Functional model read each other: inbound_nodes, input_layers and output_layers of its configuration.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "loaders/json_reader.h"

namespace phosphene::keras {

// Output `output` of call number `call` of a layer.
struct Reference {
  std::string layer;
  int64_t call = 0;
  int64_t output = 0;
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 sees a 0 in what the compiler makes of it
  auto operator<=>(const Reference&) const = default;
};

// What a call is given: a value, or (in Keras 3) a number.
struct Read {
  std::optional<Reference> reference;
  float number = 0;
};

struct Call {
  size_t layer = 0;  // its position in the model's list
  int64_t number = 0;
  std::vector<Read> reads;
  std::optional<Reference> waits_for;  // the first of these that was not there when it was asked for
};

struct Argument {
  std::optional<float> number;
  std::string value;  // without a number
};
using Arguments = std::vector<Argument>;

// ["conv", 0, 0], a list of such, or an object of such.
std::vector<Reference> references_in(const JsonReader& json);

// The calls of a layer, in the forms of Keras 1 to 3. Throws for arguments that are neither values nor numbers; those by name must be
// null or false.
std::vector<Call> calls_in(const JsonReader& entry, size_t layer);

// Which values the calls have given so far.
class Wiring {
 public:
  // `first` is output 0 of a call that gives `values`.
  void set(const Reference& first, const std::vector<std::string>& values);
  [[nodiscard]] std::optional<std::string> value(const Reference& reference) const;
  // The first of what a call reads that is not there.
  [[nodiscard]] std::optional<Reference> missing(const Call& call) const;
  // All that it reads; nothing of that may be missing.
  [[nodiscard]] Arguments arguments_of(const Call& call) const;

 private:
  std::map<Reference, std::string> values_;
};

}  // namespace phosphene::keras
