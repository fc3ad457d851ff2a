// Which values the program takes and which its schema says that it takes: the same.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "experiment/config/overrides.h"
#include "experiment/config/parse_config.h"
#include "experiment/config/schema.h"
#include "experiment/config/structure.h"
#include "loaders/json_reader.h"
#include "tests/experiment/config/schema_checker.h"
#include "tests/support/all_jobs.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::numbers_test {
namespace {

// A config with one value as it is written; "" leaves it out.
std::string config_with(const std::string& key, const std::string& value) {
  std::map<std::string, std::string> keys = {{"model", R"("m")"},
                                             {"objective", R"([{"channel": {"layer": "a", "unit": 97}}])"}};
  if (!key.empty()) keys[key] = value;
  std::string text;
  for (const auto& [name, written] : keys) text += (text.empty() ? "{\"" : ", \"") + name + "\": " + written;
  return text + "}";
}

bool program_takes(const std::string& text) {
  const TemporaryFolder folder;
  const std::string path = folder.write("x.json", text);
  try {
    (void)all_jobs(load_config(path));
    return true;
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::user) << error.what();
    EXPECT_NE(std::string(error.what()).find("x.json"), std::string::npos) << error.what();
    return false;
  }
}

struct Row {
  const char *key, *value;
  bool is_taken;
};

TEST(Numbers, AreTakenByTheProgramAndBySchemaAlike) {
  const Row rows[] = {
      {"steps", "2", true},
      {"steps", "2.0", true},
      {"steps", "1e3", true},
      {"steps", "20e-1", true},
      {"steps", "2.5", false},
      {"steps", "0.0", false},
      {"steps", "-1e0", false},
      {"steps", "1e6", true},
      {"steps", "1.000001e6", false},
      {"steps", "1e300", false},
      {"steps", R"("2")", false},
      {"steps", "true", false},
      {"steps", "null", false},
      {"steps", "[2]", false},
      {"size", "32.0", true},
      {"size", "[32.0, 3.2e1]", true},
      {"size", "[32.5, 32]", false},
      {"size", "32.5", false},
      {"version", "1.0", true},
      {"version", "1e0", true},
      {"version", "2", false},
      {"version", "1.5", false},
      {"version", "0", false},
      {"seed", "1e3", true},
      {"seed", "9007199254740992", true},
      {"seed", "9007199254740992.0", true},
      {"seed", "9007199254740994", false},
      {"seed", "9.1e15", false},
      {"seed", "-1.0", false},
      {"images", "2.0", true},
      {"batch", "8.0", true},
      {"batch", "8.5", false},
      {"snapshots", "[0.0, 1e1, 5]", true},
      {"snapshots", "[1.5]", false},
      {"objective", R"([{"channel": {"layer": "a", "unit": 9.7e1}}])", true},
      {"objective", R"([{"channel": {"layer": "a", "unit": 9.75}}])", false},
      {"objective", R"([{"channel": {"layer": "a", "unit": 97}, "weight": -1e0}])", true},
      {"objective", R"([{"channel": {"layer": "a", "unit": 97}, "weight": 0.0}])", false},
      {"objective", R"([{"neuron": {"layer": "a", "unit": 1.0, "row": 2.0, "column": 3e0}}])", true},
      {"objective", R"([{"direction": {"layer": "a", "vector": {"random": 7.0}}}])", true},
      {"objective", R"([{"direction": {"layer": "a", "vector": [1e0, 2.5]}}])", true},
      {"phases", R"([{"steps": 2.0}])", true},
      {"phases", R"([{"steps": 2.5}])", false},
      {"transforms", R"([{"jitter": 8.0}])", true},
      {"sweep", R"({"/objective/0/channel/unit": {"range": [0.0, 4e0, 2.0]}})", true},
      {"sweep", R"({"/objective/0/channel/unit": {"range": [0, 4.5]}})", false},
      {"$schema", R"("https://example.org/config.schema.json")", true},
      {"$schema", "7", false},
      {"schema", R"("x")", false},
  };
  const Json schema = config_schema();
  for (const Row& row : rows) {
    const std::string text = config_with(row.key, row.value);
    EXPECT_EQ(program_takes(text), row.is_taken) << "the program: " << text;
    EXPECT_EQ(fits_schema(Json::parse(text), schema, schema), row.is_taken) << "the schema: " << text;
  }
}

// What no schema sees, because a reader of JSON has lost it.
TEST(Numbers, ThatNoDoubleHoldsAreRefused) {
  for (const char* value : {"1e400", "-1e400", "NaN", "Infinity", "-Infinity", "0,05", "9007199254740993.0"})
    EXPECT_FALSE(program_takes(config_with("seed", value))) << value;
  EXPECT_TRUE(fits_schema(Json::parse(config_with("", "")), config_schema(), config_schema()));
}

TEST(Numbers, MeanTheSameRunHoweverTheyAreWritten) {
  const TemporaryFolder folder;
  const auto jobs = [&](const char* numbers) {
    return all_jobs(load_config(folder.write("x.json", numbers), {"/objective/0/channel/unit=3.0"}));
  };
  const auto plain = jobs(R"({"model": "m", "steps": 1000, "size": [32, 32], "snapshots": [2],
      "objective": [{"channel": {"layer": "a", "unit": 3}, "weight": 2}], "sweep": {"/seed": [1, 2]}})");
  const auto other = jobs(R"({"$schema": "x", "model": "m", "steps": 1e3, "size": [32.0, 3.2e1], "snapshots": [2.0],
      "objective": [{"channel": {"layer": "a", "unit": 3}, "weight": 2.0}], "sweep": {"/seed": [1.0, 2e0]}})");
  ASSERT_EQ(plain.size(), 2U);
  ASSERT_EQ(other.size(), 2U);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(plain[i].names, other[i].names);
    EXPECT_EQ(plain[i].structure, other[i].structure);
    EXPECT_EQ(plain[i].config.json->dump(), other[i].config.json->dump()) << "what is frozen";
    EXPECT_EQ(plain[i].values->dump(), other[i].values->dump());
  }
}

TEST(Numbers, AnotherVersionIsToldWhichOneIsKnown) {
  const TemporaryFolder folder;
  EXPECT_TRUE(refuses([&] { (void)load_config(folder.write("x.json", config_with("version", "2"))); },
                      {"x.json", "/version", "expected 1, got 2 (this program knows version 1)"}));
}

TEST(Numbers, InSetAreReadAsInAConfig) {
  const TemporaryFolder folder;
  const std::string path = folder.write("x.json", config_with("", ""));
  EXPECT_EQ(load_config(path, {"/steps=1e3"}).steps, 1000);
  EXPECT_TRUE(refuses([&] { (void)load_config(path, {"/steps=1e400"}); }, {"--set /steps=1e400", "larger"}));
  EXPECT_TRUE(
      refuses([&] { (void)load_config(path, {"/objective/0/weight=0,05"}); }, {"expected a number, got \"0,05\""}));
  EXPECT_TRUE(refuses([&] { (void)load_config(path, {R"(/gradients={"relu":"plain","relu":"plain"})"}); },
                      {"'relu' is given twice"}));
}

}  // namespace
}  // namespace phosphene::testing::numbers_test
