// Tensors whose numbers lie in files beside the .onnx (TensorProto.external_data).
#pragma once

#include <loaders/onnx/onnx.pb.h>

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "loaders/mapped_file.h"

namespace phosphene::onnx {

// Bytes, and the mapped file they lie in; null when they lie in memory that somebody else may free.
struct Bytes {
  std::span<const std::byte> span;
  std::shared_ptr<const MappedFile> file;
};

class ExternalFiles {
 public:
  explicit ExternalFiles(std::string path) : path_(std::move(path)) {}

  // The `needed` bytes that the tensor called `what` names. Only files in the .onnx's folder or below it are opened, and none through
  // a link that leads out of it. Throws for those, when the file lacks the bytes, and for what the tensor says beside location, offset,
  // length and checksum (which is not compared).
  Bytes bytes(const TensorProto& tensor, const std::string& what, uint64_t needed);

  // The paths of the files that were opened.
  [[nodiscard]] std::vector<std::string> paths() const;

  // The file, where there is exactly one; else null.
  [[nodiscard]] std::shared_ptr<const MappedFile> only_file() const;

 private:
  std::shared_ptr<const MappedFile> open(const std::string& location, const std::string& what);

  std::string path_;
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;
};

}  // namespace phosphene::onnx
