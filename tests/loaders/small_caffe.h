// Small Caffe networks written as text, weights too.
#pragma once

#include <fmt/format.h>
#include <google/protobuf/text_format.h>
#include <loaders/caffe/caffe.pb.h>

#include <stdexcept>
#include <string>

#include "loaders/caffe/caffe.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing {

// "layer { name: 'c' type: 'ReLU' bottom: 'a' top: 'b' MORE }"
inline std::string caffe_layer(const std::string& type, const std::string& name, const std::string& bottom,
                               const std::string& top, const std::string& more = "") {
  return fmt::format("layer {{ name: '{}' type: '{}' bottom: '{}' top: '{}' {} }}\n", name, type, bottom, top, more);
}

// An Input layer 'data'.
inline std::string caffe_input(int64_t c, int64_t h, int64_t w) {
  return fmt::format(
      "layer {{ name: 'data' type: 'Input' top: 'data' input_param {{ shape {{ dim: 10 dim: {} dim: {} dim: {} }} }} "
      "}}\n",
      c, h, w);
}

// Writes a topology and weights, and reads them.
class CaffeFiles {
 public:
  Model read(const std::string& topology, const std::string& weights, const source::ImportOptions& options = {}) {
    const std::string trained = write_weights(weights);
    return read_caffe(trained, folder_.write("deploy.prototxt", topology), options);
  }
  // Without a topology.
  Model read_alone(const std::string& weights, const source::ImportOptions& options = {}) {
    return read_caffe(write_weights(weights), "", options);
  }
  std::string write_weights(const std::string& text) {
    caffe::NetParameter network;
    if (!google::protobuf::TextFormat::ParseFromString(text, &network))
      throw std::runtime_error("the test's weights are wrong");
    return folder_.write("w.caffemodel", network.SerializeAsString());
  }
  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }

 private:
  TemporaryFolder folder_;
};

}  // namespace phosphene::testing
