// Damaged and hostile files: each must be refused in one line that names the fault, soon and without taking much
// memory.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "loaders/load_model.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing {
namespace {

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

TEST(BadFiles, AreRefusedInOneLine) {
  PHOSPHENE_ASSET(list, "models/bad/index.json");
  std::ifstream text(list);
  const nlohmann::json table = nlohmann::json::parse(text);
  const double before = peak_megabytes();
  int refused = 0;
  for (const nlohmann::json& bad : table["files"]) {
    const std::string format = bad["format"], name = bad["file"];
    if (format != "safetensors" && format != "caffemodel" && format != "prototxt") continue;
    SCOPED_TRACE(name);
    const std::string path = (list.parent_path() / name).string();
    const auto start = std::chrono::steady_clock::now();
    try {
      load_model(path);
      ADD_FAILURE() << "was read";
    } catch (const Error& error) {
      const std::string what = lower_case(error.what());
      const auto mentioned = [&](const nlohmann::json& word) {
        return what.find(word.get<std::string>()) != std::string::npos;
      };
      EXPECT_TRUE(std::any_of(bad["mention"].begin(), bad["mention"].end(), mentioned)) << what;
      EXPECT_EQ(error.blame(), Blame::user);
      ++refused;
    }
    EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
              table["limits"]["seconds"].get<double>());
  }
  EXPECT_LT(peak_megabytes() - before, table["limits"]["memory_mb"].get<double>());
  EXPECT_EQ(refused, 6);
}

TEST(BadFiles, FormatsThatAreNotReadAreSaidSo) {
  const TemporaryFolder folder;
  EXPECT_TRUE(refuses([&] { load_model(folder.write("net.onnx", "something")); },
                      {"net.onnx", ".caffemodel", ".pth", ".keras", ".safetensors"}));
  EXPECT_TRUE(refuses([&] { load_model(folder.write("net.onnx", "")); }, {"net.onnx", "empty"}));
}

}  // namespace
}  // namespace phosphene::testing
