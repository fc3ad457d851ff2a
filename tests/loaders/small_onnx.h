// Small ONNX files, written with protobuf.
#pragma once

#include <loaders/onnx/onnx.pb.h>

#include <string>
#include <vector>

#include "loaders/source/network.h"

namespace phosphene::testing {

// A file under construction: an input x [1, 3, 8, 8] and an output y, unless said otherwise.
class SmallOnnx {
 public:
  explicit SmallOnnx(int opset = 17);

  onnx::ModelProto& model() { return model_; }
  onnx::GraphProto& graph() { return *model_.mutable_graph(); }
  onnx::TensorProto& initializer(const std::string& name, const std::vector<int64_t>& dims,
                                 const std::vector<float>& numbers);
  onnx::TensorProto& initializer(const std::string& name, const std::vector<int64_t>& dims,
                                 const std::vector<int64_t>& integers);
  onnx::NodeProto& node(const std::string& op, const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs);

  [[nodiscard]] std::string bytes() const { return model_.SerializeAsString(); }
  source::Network read() const;

 private:
  onnx::ModelProto model_;
};

onnx::AttributeProto& add(onnx::NodeProto& node, const std::string& name, int64_t value);
onnx::AttributeProto& add(onnx::NodeProto& node, const std::string& name, float value);
onnx::AttributeProto& add(onnx::NodeProto& node, const std::string& name, const char* value);
onnx::AttributeProto& add(onnx::NodeProto& node, const std::string& name, const std::vector<int64_t>& values);
onnx::AttributeProto& add(onnx::NodeProto& node, const std::string& name, const std::vector<float>& values);
onnx::TensorProto& add_tensor(onnx::NodeProto& node, const std::string& name);

// A network of several ops in which every field stands that a file may have and that is read or skipped.
SmallOnnx full_onnx();

source::Network read_onnx_text(const std::string& bytes);  // bytes as a file called net.onnx

std::vector<float> numbers_of(const source::Constant& constant);

}  // namespace phosphene::testing
