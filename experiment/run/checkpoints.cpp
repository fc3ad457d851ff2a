#include "experiment/run/checkpoints.h"

#include <charconv>
#include <cstring>
#include <filesystem>
#include <utility>

#include "loaders/safetensors.h"
#include "runtime/error.h"
#include "runtime/files.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCheckpointEnding = ".safetensors", kCurve = "curve ", kState = "state ";

std::optional<int64_t> number_in(const std::map<std::string, std::string>& metadata, const char* key) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return std::nullopt;
  const char* end = found->second.data() + found->second.size();
  int64_t number = 0;
  const auto [read, error] = std::from_chars(found->second.data(), end, number);
  return error == std::errc{} && read == end && number >= 0 ? std::optional(number) : std::nullopt;
}

bool is_of(const std::map<std::string, std::string>& metadata, const char* key, const std::string& value) {
  const auto found = metadata.find(key);
  return found != metadata.end() && found->second == value;
}

std::optional<Standing> standing_in(const Safetensors& file, const std::string& backend) {
  const auto& metadata = file.metadata();
  if (!is_of(metadata, "phosphene", PHOSPHENE_VERSION) || !is_of(metadata, "backend", backend)) return std::nullopt;
  const std::optional<int64_t> phase = number_in(metadata, "phase"), step = number_in(metadata, "step");
  return phase && step ? std::optional(Standing{*phase, *step}) : std::nullopt;
}

// Half a file is no checkpoint: a job that starts over makes the same picture.
std::optional<Safetensors> opened(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return std::nullopt;
  try {
    return Safetensors::open(path);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

Checkpoints::Checkpoints(const std::string& folder, std::string backend)
    : folder_(folder + "/checkpoints"), backend_(std::move(backend)) {}

std::string Checkpoints::file(const std::string& name) const {
  return fmt::format("{}/{}{}", folder_, name, kCheckpointEnding);
}

void Checkpoints::write(const std::string& name, const JobState& state) const {
  std::vector<NamedTensor> tensors;
  for (size_t image = 0; image < state.curves.size(); ++image) {
    const std::vector<float>& curve = state.curves[image];
    tensors.emplace_back(fmt::format("{}{}", kCurve, image), std::vector<int64_t>{std::ssize(curve)}, curve);
  }
  for (const auto& [state_name, bytes] : state.states)
    tensors.emplace_back(fmt::format("{}{}", kState, state_name), std::span<const std::byte>(bytes));
  make_folder(folder_);
  write_safetensors(file(name), tensors,
                    {{"phosphene", PHOSPHENE_VERSION},
                     {"backend", backend_},
                     {"phase", std::to_string(state.standing.phase)},
                     {"step", std::to_string(state.standing.step)}});
}

std::vector<std::string> Checkpoints::names() const {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.ends_with(kCheckpointEnding)) names.push_back(name.substr(0, name.size() - kCheckpointEnding.size()));
  }
  return names;
}

std::map<std::string, Standing> Checkpoints::list() const {
  std::map<std::string, Standing> standings;
  for (const std::string& name : names()) {
    const std::optional<Safetensors> file = opened(this->file(name));
    if (!file) continue;
    if (const std::optional<Standing> standing = standing_in(*file, backend_)) standings[name] = *standing;
  }
  return standings;
}

std::optional<JobState> Checkpoints::read(const std::string& name) const {
  const std::optional<Safetensors> file = opened(this->file(name));
  const std::optional<Standing> standing = file ? standing_in(*file, backend_) : std::nullopt;
  if (!standing) return std::nullopt;
  JobState state;
  state.standing = *standing;
  for (size_t image = 0; file->contains(fmt::format("{}{}", kCurve, image)); ++image)
    state.curves.push_back(file->tensor(fmt::format("{}{}", kCurve, image)).data);
  for (const auto& [tensor, entry] : file->entries())
    if (tensor.starts_with(kState))
      state.states[tensor.substr(kState.size())] = {entry.bytes.begin(), entry.bytes.end()};
  return state;
}

void Checkpoints::remove(const std::string& name) const {
  std::error_code error;
  fs::remove(file(name), error);
}

void Checkpoints::sweep() const {
  remove_leftovers(folder_);
  std::error_code error;
  fs::remove(folder_, error);  // where it is empty
}

}  // namespace phosphene
