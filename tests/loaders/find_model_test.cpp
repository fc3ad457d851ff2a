#include "loaders/load_model.h"
#include "tests/support/scoped_variable.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing {
namespace {

TEST(FindModel, InTheFoldersInTheirOrder) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "models");
  std::filesystem::create_directories(folder.path() / ".cache" / "phosphene");
  const ScopedVariable models("PHOSPHENE_MODELS", folder.file("models")), home("HOME", folder.path().string());
  const std::string cached = folder.write(".cache/phosphene/squeeze.safetensors", "x");
  EXPECT_EQ(find_model("squeeze"), cached);
  const std::string nearer = folder.write("models/squeeze.safetensors", "x");
  EXPECT_EQ(find_model("squeeze"), nearer);
  EXPECT_EQ(find_model("squeeze.safetensors"), nearer);
  EXPECT_TRUE(refuses([] { find_model("sqeeze"); }, {"sqeeze", folder.file("models/sqeeze.safetensors"),
                                                     ".cache/phosphene", "did you mean 'squeeze'"}));
}

TEST(FindModel, ByPathRelativeToTheConfig) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "configs");
  const std::string model = folder.write("net.safetensors", "x");
  EXPECT_EQ(find_model(model), model);
  EXPECT_EQ(find_model(model, "/elsewhere"), model);
  EXPECT_TRUE(std::filesystem::equivalent(find_model("../net.safetensors", folder.file("configs")), model));
  EXPECT_TRUE(refuses([&] { find_model("../other.safetensors", folder.file("configs")); },
                      {"tried " + folder.file("other.safetensors")}))
      << "in normal form";
  EXPECT_TRUE(refuses([&] { find_model("./x.safetensors", folder.file("configs")); },
                      {"tried " + folder.file("configs/x.safetensors")}));
  const ScopedVariable home("HOME", folder.path().string());
  EXPECT_EQ(find_model("~/net.safetensors", "/elsewhere"), model);
  EXPECT_TRUE(refuses([&] { find_model(""); }, {"model"}));
  EXPECT_TRUE(refuses([&] { find_model(folder.path().string()); }, {"no such model"})) << "a folder is not a model";
}

}  // namespace
}  // namespace phosphene::testing
