// A layer of Caffe while a rule translates it: its bottoms, its blobs, and its window's settings in their spellings.
#pragma once

#include "layers/network/window.h"
#include "loaders/import/rules.h"

namespace phosphene::source::caffe {

class CaffeLayer {
 public:
  // Throws unless it has so many bottoms, and one top or as many as `tops` says (0: any number).
  explicit CaffeLayer(Translation& node, size_t least = 1, size_t most = 1, size_t tops = 1);

  [[nodiscard]] Translation& node() { return node_; }
  [[nodiscard]] size_t bottoms() const { return bottoms_; }
  [[nodiscard]] const Value& bottom(size_t index = 0) const { return node_.input(index); }

  // The next blob, of this shape. Throws under the file of the weights when it is missing, of another shape, or not finite.
  Weights blob(std::vector<int64_t> shape);
  // Gives the layer's result. Throws when blobs are left that nobody asked for.
  void give(Value value, size_t top = 0);
  // One op for each element: the file sees its result as it saw the source.
  void give_alike(std::shared_ptr<const Op> op, const Value& src);

  // "axis", which counts dimensions of the first bottom, negative ones from their end.
  [[nodiscard]] size_t axis(const char* name = "axis", int64_t otherwise = 1);

 private:
  [[nodiscard]] std::string place();

  Translation& node_;
  size_t bottoms_ = 0, next_ = 0;  // the next blob among the inputs
};

// A setting of its own type.
float number(Translation& node, const char* name, double otherwise);

// kernel_size, stride, pad and dilation, once, once for each axis, or as _h and _w.
WindowAttributes convolution_window(Translation& node);
// The same of a pooling, which has _h and _w together or neither, no dilation, and is rounded up unless it says otherwise.
WindowAttributes pooling_window(Translation& node);

// Parts of rules() (rules.h).
const Rules& arithmetic_rules();
const Rules& shape_rules();

}  // namespace phosphene::source::caffe
