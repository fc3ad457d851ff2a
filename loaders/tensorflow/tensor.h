// Tensors of a GraphDef as constants.
#pragma once

#include <loaders/tensorflow/graph_def.pb.h>

#include <cstdint>
#include <memory>
#include <string>

#include "loaders/source/network.h"

namespace phosphene::tensorflow {

// Whether a type is one of ordinary numbers, integers or truth values.
bool is_number(DataType type);
bool is_floating(DataType type);
// "DT_FLOAT"; the number of a type that is not known.
std::string name_of(DataType type);

// Reads the tensors of one file, whose messages live as long as `owner`.
class TensorReader {
 public:
  // A file may say "so many times the same number"; those that it spells out so take at most 64 MB and four times its size.
  TensorReader(std::shared_ptr<const void> owner, size_t file_bytes)
      : owner_(std::move(owner)), filling_(kFilling + 4 * static_cast<int64_t>(file_bytes)) {}

  // float32 content stays where it is; everything else is converted. Throws, before it takes memory, when the elements are not as many
  // as the shape says, and for types that are no numbers.
  source::Constant read(const TensorProto& tensor, const std::string& place);

 private:
  static constexpr int64_t kFilling = int64_t{64} << 20;

  void take_filling(int64_t bytes, const std::string& place);

  std::shared_ptr<const void> owner_;
  int64_t filling_;  // bytes that are left
};

}  // namespace phosphene::tensorflow
