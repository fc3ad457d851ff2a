// A network as its file describes it: nodes, constants and inputs, under the file's own names. Each reader of a format makes one and
// knows what bytes mean; what the ops mean is known by loaders/import alone, which makes a Model of it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "loaders/mapped_file.h"
#include "loaders/model/preprocessing.h"
#include "runtime/tensor.h"

namespace phosphene::source {

// A tensor that the file holds, row-major.
struct Constant {
  std::vector<int64_t> dims;      // none: a scalar
  bool integral = false;          // which of the two holds its elements
  Weights numbers;                // of a floating-point type, as float32; its shape is `dims`
  std::vector<int64_t> integers;  // of an integer type, or truth values as 0 and 1

  [[nodiscard]] int64_t elements() const;  // of `dims`; throws when they are negative or their product overflows
  static Constant of(std::vector<float> numbers, std::vector<int64_t> dims);
  static Constant of(std::vector<int64_t> integers, std::vector<int64_t> dims);
};

using Attribute = std::variant<int64_t, double, std::string, std::vector<int64_t>, std::vector<double>,
                               std::vector<std::string>, Constant>;

// One op. Ops of ONNX have ONNX's names and attributes ("Conv", "kernel_shape"); those of another format its prefix and its own names:
// "caffe.Pooling", "tf.Conv2D", "keras.Conv2D". Readers pass on every attribute that the file gives, as it is spelt there: one
// that an import rule does not use is refused there, by name.
struct Node {
  std::string name;  // may be empty (ONNX)
  std::string op;
  std::vector<std::string> inputs;   // names of values; "" for an optional one that is not given
  std::vector<std::string> outputs;  // names of values, each written once in the whole network
  std::map<std::string, Attribute> attributes;
  std::string scope;  // the module that made it, where the file says so: "layer3.2.conv2"; else ""
};

struct Input {
  std::string name;
  std::vector<int64_t> dims;    // in the file's order; 0 where it leaves a dimension free
  bool channels_first = false;  // the format has N x C x H x W always; else the sizes tell
};

// What the file says about how an image becomes its input, with the words that say so.
struct StatedPreprocessing {
  Preprocessing preprocessing;
  std::string why;  // "transform_param of layer 'data'"
};

struct Network {
  std::string path;                  // of the file, for errors
  std::string format;                // for people: "ONNX, opset 17, by pytorch 2.1.0"
  std::string name;                  // of the network; the file's stem where it says none
  std::vector<Input> inputs;         // those that no constant fills
  std::vector<std::string> outputs;  // names of values
  std::vector<Node> nodes;           // every input of a node is an input, a constant, or written by a node before it
  std::map<std::string, Constant> constants;  // by the name of the value
  std::optional<StatedPreprocessing> preprocessing;
  std::vector<std::string> labels;         // by class index; empty where the file has none
  std::shared_ptr<const MappedFile> file;  // where constants lie; null when they lie in memory of their own
  std::vector<std::string> files;          // read beside `path`
  std::vector<std::string> notes;          // what the reader skipped as harmless, or assumed: one line each
};

// "FILE: node 'NAME' (Conv)", "FILE: layer 'NAME' (Pooling)"; a node without a name is called by its first output.
std::string place_of(const Network& network, const Node& node);

// Throws unless the order holds that `nodes` promises, no value is written twice, and no name is both a constant and a node's output.
void check(const Network& network);

}  // namespace phosphene::source
