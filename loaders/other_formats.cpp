#include "loaders/other_formats.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "loaders/mapped_file.h"

namespace phosphene {
namespace {

constexpr const char* kSavedModel =
    "is a TensorFlow SavedModel, which is not read: freeze it (convert_variables_to_constants_v2) and give the "
    "GraphDef "
    ".pb, or save it from Keras as .keras";
constexpr const char* kCheckpoint =
    "is part of a TensorFlow checkpoint, which holds weights without a graph: restore it in TensorFlow, and give the "
    "frozen "
    "graph (freeze_graph)";
constexpr const char* kMetaGraph =
    "is a TensorFlow MetaGraph, a graph without its weights: give the frozen graph (freeze_graph)";
constexpr const char* kCoreMl =
    "is a Core ML model, which is not read: give the network that it was converted from, or an ONNX export of that";

std::string_view view_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::optional<std::string> advice_for_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::exists(folder / "saved_model.pb", error)) return kSavedModel;
  if (folder.extension() == ".mlpackage") return kCoreMl;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().filename().string().find(".data-00000-of-") != std::string::npos)
      return "is a folder with a TensorFlow checkpoint, which holds weights without a graph: give the frozen graph "
             "(freeze_graph)";
  }
  return std::nullopt;
}

struct Beginning {
  size_t at;
  std::string_view bytes;
  const char* advice;
};

constexpr std::array<Beginning, 14> kBeginnings{{
    {4, "TFL3",
     "is a TensorFlow Lite model, which is not read: give the network that it was converted from, as a frozen "
     "GraphDef or an ONNX export"},
    {4, "ORTM", "is in ONNX Runtime's own format, which is not read: give the .onnx that it was converted from"},
    {0, "\x1F\x8B", "is compressed (gzip): unpack it (gunzip, or tar xzf) and give what is inside"},
    {0, "BZh", "is compressed (bzip2): unpack it (bunzip2, or tar xjf) and give what is inside"},
    {0,
     std::string_view("\xFD"
                      "7zXZ\0",
                      6),
     "is compressed (xz): unpack it (unxz, or tar xJf) and give what is inside"},
    {0, "\x28\xB5\x2F\xFD", "is compressed (zstd): unpack it (unzstd) and give what is inside"},
    {0, "7z\xBC\xAF\x27\x1C", "is a 7-Zip archive: unpack it and give what is inside"},
    {257, "ustar", "is a tar archive: unpack it (tar xf) and give what is inside"},
    {0, "version https://git-lfs", "is a pointer of Git LFS, not the file itself: fetch it (git lfs pull)"},
    {0, "ptrt", "is a TensorRT engine, which holds compiled code: give the network that it was built from"},
    {0, "ftrt", "is a TensorRT engine, which holds compiled code: give the network that it was built from"},
    {0, "GGUF", "is a GGUF file of a language model; image networks are read"},
    {0, "\x93NUMPY", "is one NumPy array, not a network"},
    {0, "model_checkpoint_path:", "names a TensorFlow checkpoint: give the frozen graph (freeze_graph)"},
}};

struct Ending {
  std::string_view ending;
  const char* advice;
};

// Of formats whose bytes are too general to tell them by.
constexpr std::array<Ending, 14> kEndings{{
    {".binaryproto", "is a mean image of Caffe, not a network: give it with --preprocessing"},
    {".mlmodel", kCoreMl},
    {".mar", "is a TorchServe archive: unpack it (unzip) and give the weights inside"},
    {".engine", "is a TensorRT engine, which holds compiled code: give the network that it was built from"},
    {".plan", "is a TensorRT engine, which holds compiled code: give the network that it was built from"},
    {".trt", "is a TensorRT engine, which holds compiled code: give the network that it was built from"},
    {".meta", kMetaGraph},
    {".pdmodel", "is a PaddlePaddle model, which is not read: export it as ONNX (paddle2onnx)"},
    {".pdiparams", "holds a PaddlePaddle model's weights, which are not read: export the model as ONNX (paddle2onnx)"},
    {".params", "holds an MXNet network's weights, which are not read: export the network as ONNX"},
    {".msgpack", "holds Flax's weights without a network, which is not read: save them as .safetensors"},
    {".pbtxt",
     "is a TensorFlow graph as text, which is not read: write it as binary (tf.io.write_graph with as_text=False)"},
    {".pt2",
     "is a program of torch.export with its weights, which is not run: save model.state_dict() with torch.save, or "
     "export ONNX"},
    {".t7", "is a network of Lua Torch, which is not read: convert it to ONNX"},
}};

// A table of LevelDB's kind: what the index of a checkpoint is, and all of an older one.
bool is_table(std::string_view bytes) {
  constexpr std::string_view kFirstBytes = "\x57\xFB\x80\x8B\x24\x75\x47\xDB";
  return bytes.ends_with(kFirstBytes);
}

// Version 1 and then a MetaGraphDef that begins with its MetaInfoDef; an ONNX model would have its producer's name there.
bool is_saved_model(std::string_view bytes) {
  if (!bytes.starts_with("\x08\x01\x12")) return false;
  size_t at = 3;
  while (at < bytes.size() && (static_cast<unsigned char>(bytes[at]) & 0x80U) != 0) ++at;
  return at + 1 < bytes.size() && bytes[at + 1] == '\n';
}

bool is_web_page(std::string_view bytes) {
  constexpr size_t kEnough = 512;
  std::string start = lower_case(bytes.substr(0, kEnough));
  start.erase(0, start.find_first_not_of(" \t\r\n\xEF\xBB\xBF"));
  return start.starts_with("<!doctype html") || start.starts_with("<html") || start.starts_with("<head");
}

std::optional<std::string> advice_for_json(std::string_view bytes) {
  constexpr size_t kEnough = 4096;
  const std::string_view start = bytes.substr(0, kEnough);
  if (!start.starts_with('{')) return std::nullopt;
  if (start.find("\"modelTopology\"") != std::string_view::npos)
    return "is a TensorFlow.js model, which is not read: give the Keras file or the frozen graph that it was converted "
           "from";
  if (start.find("\"class_name\"") != std::string_view::npos)
    return "is the configuration of a Keras model without its weights: save the whole model as .keras or .h5";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> advice_for(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return advice_for_folder(path);
  const auto file = MappedFile::open(path);
  const std::string_view bytes = view_of(file->bytes());
  const std::string name = lower_case(std::filesystem::path(path).filename().string());
  for (const Beginning& beginning : kBeginnings) {
    if (bytes.size() > beginning.at && bytes.substr(beginning.at).starts_with(beginning.bytes)) return beginning.advice;
  }
  if (is_web_page(bytes)) return "is a web page, not the file itself: download it again, from the link to the raw file";
  if (is_table(bytes) || name.find(".data-00000-of-") != std::string::npos) return kCheckpoint;
  for (const Ending& known : kEndings) {
    if (name.ends_with(known.ending)) return known.advice;
  }
  if (is_saved_model(bytes)) return kSavedModel;
  return advice_for_json(bytes);
}

}  // namespace phosphene
