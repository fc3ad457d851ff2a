#include "experiment/run/run_inputs.h"

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "experiment/config/overrides.h"
#include "experiment/photos/find_photograph.h"
#include "experiment/photos/photo_file.h"
#include "loaders/file_digest.h"
#include "loaders/load_model.h"
#include "loaders/safetensors.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

Json as_json(const FileDigest& digest) { return {{"bytes", digest.bytes}, {"hash", digest.hash}}; }

std::string in_words(const Json& digest) {
  return fmt::format("{} bytes, {}", digest["bytes"].get<int64_t>(), digest["hash"].get<std::string>());
}

// The path of a file that can be opened, and of a photograph that can be decoded.
std::string opened(const NamedFile& file, FileKind kind, const std::string& place) {
  if (kind == FileKind::photograph || (kind == FileKind::start && !file.name.ends_with(".safetensors"))) {
    std::string path = find_photograph(file, place);
    at_place(place, [&] { static_cast<void>(read_photo(path)); });
    return path;
  }
  return at_place(place, [&] {
    std::string path = kind == FileKind::model ? find_model(file.name, file.folder) : file.path();
    static_cast<void>(Safetensors::open(path));
    return path;
  });
}

std::string without_tensor(const std::string& name, FileKind kind) {
  return kind == FileKind::tensor ? name.substr(0, name.rfind('#')) : name;
}

}  // namespace

Json digests_of_inputs(Json config, const std::string& file, const std::string& folder, const Model& model) {
  Json digests = Json::object();
  visit_files_of_config(config, [&](const Json& text, const std::string& pointer, FileKind kind) {
    const std::string name = without_tensor(text.get<std::string>(), kind);
    if (pointer == "/model" || digests.contains(name)) return;
    digests[name] = as_json(digest_of(opened({name, folder}, kind, fmt::format("{}: {}", file, pointer))));
  });
  const auto name = config.at("model").get<std::string>();
  for (size_t i = 0; i < model.files.size(); ++i) {
    const std::string& path = model.files[i];
    const std::string beside = i == 0 ? "" : ", " + fs::path(path).filename().string();
    digests[name + beside] = as_json(digest_of(path));
  }
  return digests;
}

std::string changed_input(const Json& there, const Json& now) {
  for (const auto& [name, before] : there.items()) {
    if (!now.contains(name)) return fmt::format("'{}' was read then, and is not now", name);
    if (now[name] != before)
      return fmt::format("'{}' has changed since then: it had {}, and has {}", name, in_words(before),
                         in_words(now[name]));
  }
  for (const auto& [name, after] : now.items())
    if (!there.contains(name)) return fmt::format("'{}' is read now, and was not then", name);
  return "";
}

}  // namespace phosphene
