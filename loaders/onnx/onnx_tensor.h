// ONNX's tensors (TensorProto) as constants.
#pragma once

#include <string>

#include "loaders/onnx/onnx_external.h"
#include "loaders/source/network.h"

namespace phosphene::onnx {

// "type FLOAT16"; "type 99" for one that ONNX does not have, "no type" for 0.
std::string type_name(int32_t data_type);
bool is_floating(int32_t data_type);  // FLOAT, FLOAT16, BFLOAT16, DOUBLE

class Tensors {
 public:
  explicit Tensors(std::string path) : path_(std::move(path)), external_(path_) {}

  // The numbers of a tensor called `what` in errors. Its own are taken out of `tensor`. `raw` is its raw_data where that was left
  // out of the message; float32 that lie well in a mapped file stay there. Wider and narrower floating-point types become float32,
  // integers and truth values int64. Throws, naming the tensor, for other types, where its dimensions do not fit what it holds, where
  // it holds no numbers, and for one that is not finite.
  source::Constant read(TensorProto& tensor, const std::string& what, const Bytes* raw = nullptr);

  [[nodiscard]] std::vector<std::string> external_paths() const { return external_.paths(); }
  [[nodiscard]] std::shared_ptr<const MappedFile> external_file() const { return external_.only_file(); }

 private:
  source::Constant numbers(TensorProto& tensor, const std::string& what, const Bytes* raw, uint64_t count);
  source::Constant integers(const TensorProto& tensor, const std::string& what, const Bytes* raw, uint64_t count);
  void count_integers(const std::string& what, uint64_t count);

  std::string path_;
  ExternalFiles external_;
  uint64_t integers_read_ = 0;
};

}  // namespace phosphene::onnx
