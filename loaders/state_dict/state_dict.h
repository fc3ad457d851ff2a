// Weights by name without a network around them ("state dicts"): what torch.save writes, pickles of NumPy arrays, safetensors files.
// No file runs code: pickles are read as data, and refused when they would call anything that makes no tensor.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/mapped_file.h"
#include "loaders/state_dict/state_tensor.h"

namespace phosphene {

enum class StateFormat {
  none,
  torch_zip,     // torch.save since PyTorch 1.6
  torch_legacy,  // torch.save before it
  torch_tar,     // torch.save before 0.1.10: told, not read
  pickle,        // of NumPy arrays
  safetensors,   // phosphene's own networks are such files too; their metadata tells
};

struct StateDict {
  std::string path;
  StateFormat format = StateFormat::none;
  std::vector<StateTensor> tensors;       // in the file's order, each under a name of its own
  std::string taken;                      // the keys that the tensors stand under, such as "state_dict"; "" at the top
  std::vector<std::string> alternatives;  // other dicts of tensors beside it, such as "model_ema"
  std::vector<std::string> skipped;       // what is no weight: "epoch", "optimizer"; at most a hundred
  size_t skipped_more = 0;                // beyond those
  std::string prefix;                     // that all names had: "module."
  std::shared_ptr<const MappedFile> file;
  std::vector<uint32_t> by_name;  // indices of tensors, sorted

  [[nodiscard]] const StateTensor* find(std::string_view name) const;  // null when there is none
  [[nodiscard]] const StateTensor& at(const std::string& name) const;  // throws with the nearest name
};

struct StateDictOptions {
  bool averaged = false;  // averaged weights ("ema") rather than the last
};

// Told by the contents, also of a file that is damaged further on.
StateFormat state_format(std::span<const std::byte> bytes);
StateFormat state_format(const std::string& path);

// Names of nested dicts and lists are joined by '.': {"conv1": [kernel, bias]} holds "conv1.0" and "conv1.1". Which dict is taken where
// there are several: nesting.h. Numbers are read when they are asked for (state_tensor.h); all of them together take, where they cannot
// be used from the file as they lie there, at most twice the file's size and 128 MB. Throws one line that names the file and the tensor
// or entry: for what is damaged, holds objects other than tensors, or is of another format.
StateDict read_state_dict(const std::string& path, const StateDictOptions& options = {});

// The same for bytes that `owner` keeps, or that outlive the result; `path` names them in errors.
StateDict parse_state_dict(const std::string& path, std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                           const StateDictOptions& options = {});

}  // namespace phosphene
