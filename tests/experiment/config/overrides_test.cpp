// Files that the command line names are those of the folder one stands in; files that a config names are those beside it.
#include "experiment/config/overrides.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiment/config/parse_config.h"
#include "experiment/photos/find_photograph.h"
#include "loaders/load_model.h"
#include "tests/support/scoped_variable.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::overrides_test {
namespace {

namespace fs = std::filesystem;

// A person stands in here/, the config is in configs/, photographs that come with us in assets/photos, their home is home/.
class CommandLineFiles : public ::testing::Test {
 protected:
  CommandLineFiles() {
    for (const char* name : {"here", "configs", "assets/photos", "home", "models"})
      fs::create_directories(folder_.path() / name);
    for (const char* name : {"here/me.jpg", "configs/me.jpg", "assets/photos/me.jpg", "home/me.jpg",
                             "configs/theirs.jpg", "assets/photos/macaw.jpg", "assets/photos/both.jpg",
                             "configs/both.jpg", "here/m.safetensors", "models/known.safetensors"})
      (void)folder_.write(name, "x");
    (void)folder_.write("configs/c.json", R"({"model": "known", "initial": "theirs.jpg", "transforms": "none",
        "parameterization": {"pixel": {}}, "objective": [{"channel": {"layer": "a", "unit": 1}}]})");
    fs::current_path(folder_.path() / "here");
  }
  ~CommandLineFiles() override { fs::current_path(before_); }

  [[nodiscard]] Config load(const std::vector<std::string>& overrides) const {
    return load_config(folder_.file("configs/c.json"), overrides);
  }
  [[nodiscard]] std::string initial(const std::string& value) const {
    const Config config = load({"/initial=" + value});
    return find_photograph(config.image.initial, "initial");
  }

  TemporaryFolder folder_;
  fs::path before_ = fs::current_path();
  ScopedVariable assets_{"PHOSPHENE_ASSETS", folder_.file("assets")}, home_{"HOME", folder_.file("home")},
      models_{"PHOSPHENE_MODELS", folder_.file("models")};
};

TEST_F(CommandLineFiles, BelongToWhereOneStands) {
  for (const char* name : {"me.jpg", "./me.jpg", "../here/me.jpg", "./../here//me.jpg"})
    EXPECT_EQ(initial(name), folder_.file("here/me.jpg")) << name;
  EXPECT_EQ(initial("~/me.jpg"), folder_.file("home/me.jpg"));
  EXPECT_EQ(initial(folder_.file("configs/me.jpg")), folder_.file("configs/me.jpg"));
  EXPECT_EQ(initial("macaw.jpg"), folder_.file("assets/photos/macaw.jpg"));
  EXPECT_EQ(initial("both.jpg"), folder_.file("assets/photos/both.jpg")) << "the config's folder is not meant";
  EXPECT_EQ(find_photograph(load({}).image.initial, ""), folder_.file("configs/theirs.jpg")) << "but by a config it is";
}

TEST_F(CommandLineFiles, ThatAreNowhereNameEachPlaceOnce) {
  EXPECT_TRUE(refuses([&] { (void)initial("theirs.jpg"); },
                      {"--set /initial: no photograph at " + folder_.file("here/theirs.jpg") + " nor " +
                       folder_.file("assets/photos/theirs.jpg")}));
  EXPECT_TRUE(refuses([&] { (void)initial("./mee.jpg"); }, {folder_.file("here/mee.jpg") + " nor", "'me.jpg'"}));
  EXPECT_TRUE(refuses([&] { (void)initial("~/none.jpg"); }, {"no photograph at " + folder_.file("home/none.jpg")}));
  EXPECT_TRUE(
      refuses([&] { (void)load({"/model=nowhere"}); }, {"/model", folder_.file("here/nowhere"), "models/nowhere"}));
}

TEST_F(CommandLineFiles, OfModels) {
  const auto model = [&](const std::string& name) {
    const Config config = load({"/model=" + name});
    return find_model(config.model.name, config.model.folder);
  };
  EXPECT_EQ(model("m.safetensors"), folder_.file("here/m.safetensors"));
  EXPECT_EQ(model("./m.safetensors"), folder_.file("here/m.safetensors"));
  EXPECT_EQ(load({"/model=known"}).model.name, "known") << "a known name stays one";
  EXPECT_TRUE(refuses([&] { (void)model("./known.safetensors"); }, {"tried", folder_.file("here/known.safetensors")}) ||
              refuses([&] { (void)model("./known.safetensors"); }, {"no such model"}));
}

// The first file that each of these names.
TEST_F(CommandLineFiles, StandAtAnyDepth) {
  const std::string me = folder_.file("here/me.jpg");
  const std::string caricature = R"({"caricature": {"layer": "a", "photo": "me.jpg"}})";
  const std::string vector = folder_.write("here/v.safetensors", "x") + "#v";
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"/objective/0=" + caricature, "/objective/0/caricature/photo", me},
      {"/objective/-=" + caricature, "/objective/1/caricature/photo", me},
      {"/objective=[" + caricature + "]", "/objective/0/caricature/photo", me},
      {R"(/objective/0={"direction": {"layer": "a", "vector": {"photo": "me.jpg"}}})",
       "/objective/0/direction/vector/photo", me},
      {R"(/objective/0={"direction": {"layer": "a", "vector": "v.safetensors#v"}})", "/objective/0/direction/vector",
       vector},
      {R"(/phases=[{"objective": [)" + caricature + "]}]", "/phases/0/objective/0/caricature/photo", me},
      {R"(/sweep={"/initial": ["me.jpg", "~/me.jpg"]})", "/sweep/~1initial/0", me},
      {R"(/sweep={"/initial": ["me.jpg", "~/me.jpg"]})", "/sweep/~1initial/1", folder_.file("home/me.jpg")},
      {R"(/sweep={"/objective/0": [)" + caricature + "]}", "/sweep/~1objective~10/0/caricature/photo", me},
      {R"(/sweep={"variants": {"a/b": {"initial": "me.jpg"}}})", "/sweep/variants/a~1b/initial", me},
      {R"(/transforms={"replay": "v.safetensors"})", "/transforms/replay", folder_.file("here/v.safetensors")},
      {R"(/parameterization={"prior": {"generator": "./m.safetensors"}})", "/parameterization/prior/generator",
       folder_.file("here/m.safetensors")},
  };
  for (const auto& [override, place, expected] : cases) {
    Json json = read_json(folder_.file("configs/c.json"));
    apply_overrides(json, {override}, folder_.file("configs"));
    const Json::json_pointer at(place);
    ASSERT_TRUE(json.contains(at)) << override << " gives " << json.dump();
    EXPECT_EQ(json[at], expected) << override;
    EXPECT_EQ(json["initial"], "theirs.jpg") << "what the config says stays as it is written";
  }
}

// A text is no file for having its name: titles, labels and layers stay.
TEST_F(CommandLineFiles, AreOnlyThoseOfKeysForFiles) {
  Json json = read_json(folder_.file("configs/c.json"));
  apply_overrides(json, {"/title=me.jpg", "/objective/0/channel/layer=me.jpg"}, folder_.file("configs"));
  EXPECT_EQ(json["title"], "me.jpg");
  EXPECT_EQ(json["objective"][0]["channel"]["layer"], "me.jpg");
}

TEST_F(CommandLineFiles, MeanTheSameRunFromEverywhere) {
  const Json here = *load({"/initial=me.jpg"}).json;
  fs::current_path(folder_.path());
  EXPECT_EQ(*load({"/initial=here/me.jpg"}).json, here);
  EXPECT_EQ(here["initial"], folder_.file("here/me.jpg"));
}

TEST_F(CommandLineFiles, AreAnyBytes) {
  (void)folder_.write("here/caf\xe9.jpg", "x");
  EXPECT_EQ(initial("caf\xe9.jpg"), folder_.file("here/caf\xe9.jpg"));
  Json json = read_json(folder_.file("configs/c.json"));
  apply_overrides(json, {"/objective/0={\"caricature\": {\"layer\": \"a\", \"photo\": \"caf\xe9.jpg\"}}"},
                  folder_.file("configs"));
  EXPECT_EQ(json["objective"][0]["caricature"]["photo"], folder_.file("here/caf\xe9.jpg"));
}

}  // namespace
}  // namespace phosphene::testing::overrides_test
