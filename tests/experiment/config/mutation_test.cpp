// Configs that are wrong in every way: each is read, or refused in one line of at most 300 characters.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>

#include "experiment/config/parse_config.h"
#include "tests/support/all_jobs.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::mutation_test {
namespace {

constexpr size_t kMostCharacters = 300 - sizeof("phosphene: error: ");

using Random = std::mt19937;  // the same numbers everywhere

size_t draw(Random& random, size_t count) { return random() % count; }

const std::vector<Json>& junk() {
  static const std::vector<Json> values = [] {
    std::vector<Json> all = {nullptr,
                             true,
                             false,
                             0,
                             -1,
                             1e308,
                             -1e308,
                             uint64_t{1} << 63U,
                             INT64_MIN,
                             1e-320,
                             2.0,
                             1e3,
                             "",
                             std::string(10000, 'x'),
                             std::string(1, '\0'),
                             "ä€😀",
                             "\x1b[2J\r\n",
                             "\u202e",
                             "caf\xe9",
                             "../..",
                             "/etc/passwd",
                             "~",
                             "nan",
                             3.5,
                             65536,
                             Json::object(),
                             Json::array(),
                             Json::array({nullptr})};
    Json many = Json::array();
    for (int i = 0; i < 5000; ++i) many.push_back(1);
    all.push_back(many);
    return all;
  }();
  return values;
}

void collect(const Json& json, const Json::json_pointer& at, std::vector<Json::json_pointer>& places) {
  if (!at.empty()) places.push_back(at);
  if (json.is_object())
    for (const auto& [key, value] : json.items()) collect(value, at / key, places);
  if (json.is_array())
    for (size_t i = 0; i < json.size(); ++i) collect(json[i], at / i, places);
}

void remove(Json& json, const Json::json_pointer& at) {
  Json& above = json[at.parent_pointer()];
  if (above.is_object()) above.erase(at.back());
  if (above.is_array()) above.erase(std::stoul(at.back()));
}

void mutate(Json& json, Random& random) {
  std::vector<Json::json_pointer> places;
  collect(json, Json::json_pointer(), places);
  if (places.empty()) return;
  const Json::json_pointer at = places[draw(random, places.size())];
  const Json value = json[at];
  switch (draw(random, 5)) {
    case 0:
    case 1:
      json[at] = junk()[draw(random, junk().size())];
      break;
    case 2: {
      const std::vector<std::string> names = {at.back() + "s", at.back().substr(1), " " + at.back(),
                                              std::string(2000, 'k'), "\x1b[m\n"};
      if (!json[at.parent_pointer()].is_object()) break;
      remove(json, at);
      json[at.parent_pointer()][names[draw(random, names.size())]] = value;
      break;
    }
    case 3:
      remove(json, at);
      break;
    default:
      if (value.is_number())
        json[at] = value.get<double>() * std::vector<double>{-1, 0, 1e3, 1e6, 1e9, 1e-9}[draw(random, 6)];
      else
        json[at] = Json::array({value, value});
  }
}

// Wrong bytes in a right text.
void spoil(std::string& text, Random& random) {
  const size_t at = draw(random, text.size());
  const std::vector<std::string> inserts = {
      "\xff\xfe", std::string(3000, '{'), std::string(3000, '['), "//c\n", ",", "1e400", "\x1b[2J"};
  switch (draw(random, 4)) {
    case 0:
      text.resize(at);
      break;
    case 1:
      text[at] = static_cast<char>(draw(random, 256));
      break;
    case 2:
      text.insert(at, inserts[draw(random, inserts.size())]);
      break;
    default:
      text.insert(0, "\xef\xbb\xbf");
  }
}

TEST(Mutations, OfConfigsAreReadOrRefusedInOneLine) {
  std::vector<Json> configs;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("configs"))
    if (entry.path().extension() == ".json" && entry.path().parent_path().filename() != "schema")
      configs.push_back(read_json(entry.path().string()));
  ASSERT_GT(configs.size(), 10U);
  const TemporaryFolder folder;
  Random random(7);
  int refused = 0, read = 0;
  for (int i = 0; i < 600; ++i) {
    Json json = configs[draw(random, configs.size())];
    json.erase("sweep");  // large ones take their time
    for (size_t n = 1 + draw(random, 3); n > 0; --n) mutate(json, random);
    std::string text = json.dump(-1, ' ', false, Json::error_handler_t::ignore);
    if (draw(random, 6) == 0) spoil(text, random);
    const std::string path = folder.write("c.json", text);
    try {
      (void)all_jobs(load_config(path));
      ++read;
    } catch (const Error& error) {
      const std::string what = error.what();
      EXPECT_EQ(error.blame(), Blame::user) << what;
      EXPECT_EQ(what.find_first_of("\n\r\x1b"), std::string::npos) << what;
      EXPECT_LE(what.size(), kMostCharacters) << what;
      ++refused;
    } catch (const std::exception& error) {
      ADD_FAILURE() << "not an error of the user's: " << error.what() << "\n" << text.substr(0, 2000);
    }
  }
  EXPECT_GT(refused, 200);
  EXPECT_GT(read, 20);
}

}  // namespace
}  // namespace phosphene::testing::mutation_test
