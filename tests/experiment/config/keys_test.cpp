// The table of keys: what a person, an editor and a program are told about each of them.
#include "experiment/config/keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "experiment/config/parse_config.h"
#include "experiment/config/structure.h"
#include "experiment/objective/term_list.h"

namespace phosphene::testing::keys_test {
namespace {

Json base() { return Json::parse(R"({"model": "m", "objective": [{"channel": {"layer": "a", "unit": 97}}]})"); }

// All objects of a config that have keys, by the path that leads to them.
class Objects final : public KeyVisitor {
 public:
  Objects() { config_format().visit("", *this); }
  void object(const std::string& path, const ObjectFormat& object) override { by_path.emplace(path, &object); }

  std::multimap<std::string, const ObjectFormat*> by_path;
};

bool excludes_others(const ObjectFormat& object, const std::string& key) {
  const std::vector<std::string> kinds = object.names(0, object.one_of());
  return std::find(kinds.begin(), kinds.end(), key) != kinds.end();
}

// The least object with this key: what is required beside it, too.
Json object_with(const ObjectFormat& object, const std::string& key, const Json& value) {
  Json made = Json::parse(object.example());
  if (excludes_others(object, key)) made.clear();
  made[key] = value;
  return made;
}

// A config with this value at the end of a path such as "objective[].channel.layer".
Json config_with(const Objects& objects, const std::string& path, Json value) {
  for (size_t end = path.size(); end > 0;) {
    const size_t dot = path.rfind('.', end - 1);
    const size_t begin = dot == std::string::npos ? 0 : dot + 1;
    std::string key = path.substr(begin, end - begin);
    while (key.ends_with("[]")) {
      value = key == "product[]" ? Json::array({value, value}) : Json::array({value});
      key.resize(key.size() - 2);
    }
    const std::string above = dot == std::string::npos ? "" : path.substr(0, dot);
    const auto [first, last] = objects.by_path.equal_range(above);
    const auto with_key = std::find_if(first, last, [&](const auto& object) {
      const std::vector<std::string> names = object.second->names();
      return std::find(names.begin(), names.end(), key) != names.end();
    });
    value = object_with(*with_key->second, key, value);
    end = dot == std::string::npos ? 0 : dot;
  }
  return value;
}

// What the keys of terms need beside them: weights, a group, a term that makes a picture, and of a photograph's position both numbers.
Json made_whole(Json config, const std::string& path) {
  if (!path.starts_with("objective[]")) return config;
  for (const char* source : {"/objective/0/direction/vector", "/objective/0/tensor_direction/tensor"}) {
    const Json::json_pointer at(source);
    if (config.contains(at) && config[at].contains("photo")) config[at]["row"] = config[at]["column"] = 1;
  }
  config["images"] = 4;
  if (path.find("mean_alpha") != std::string::npos) config["transparency"] = Json::object();
  for (Json& term : config["objective"])
    if (!term.contains("weight")) term["weight"] = -1;
  config["objective"].push_back(base()["objective"][0]);
  return config;
}

template <class Visit>
void for_each_key(const Objects& objects, const Visit& visit) {
  for (const auto& [path, object] : objects.by_path)
    for (const KeyDescription& key : object->keys())
      visit(path.empty() ? key.name : path + "." + key.name, *object, key);
}

TEST(Keys, SayWhatTheyDoAndWhatHappensWithoutThem) {
  int count = 0;
  for_each_key(Objects(), [&](const std::string& path, const ObjectFormat& object, const KeyDescription& key) {
    ++count;
    EXPECT_TRUE(key.sentence.ends_with(".")) << path << ": " << key.sentence;
    EXPECT_EQ(key.sentence.find("  "), std::string::npos) << path << ": " << key.sentence;
    EXPECT_FALSE(key.format->words().empty()) << path;
    const bool told = key.required || !key.default_value.empty() || excludes_others(object, key.name) ||
                      key.sentence.find("efault") != std::string::npos;  // "Default: ", "by default"
    EXPECT_TRUE(told) << path << " does not say what holds without it: " << key.sentence;
  });
  EXPECT_GT(count, 100);
}

TEST(Keys, HaveExamplesThatAreAccepted) {
  const Objects objects;
  for_each_key(objects, [&](const std::string& path, const ObjectFormat& /*object*/, const KeyDescription& key) {
    const Json config = made_whole(config_with(objects, path, Json::parse(key.example())), path);
    EXPECT_NO_THROW(parse_config(config, path, "")) << config.dump();
  });
}

TEST(Keys, OfAPhaseAndOfTheRun) {
  EXPECT_EQ(keys_in_scope(kOfAPhase), (std::vector<std::string>{"size", "parameterization", "colour", "transforms",
                                                                "objective", "steps", "optimizer", "gradients"}));
  EXPECT_EQ(keys_in_scope(kOfTheRun), (std::vector<std::string>{"version", "model", "batch", "save", "sweep"}));
}

struct Change {
  const char *pointer, *from, *to;
};

std::string structure_with(const Change& change, const char* value) {
  Json json = base();
  json["images"] = 3;
  json[Json::json_pointer(change.pointer)] = Json::parse(value);
  return structure_key(parse_config(json, "x.json", ""));
}

// Jobs that differ in these alone share a program: they are numbers in tables.
TEST(Keys, OfTablesDoNotChangeTheStructure) {
  const Change changes[] = {
      {"/seed", "1", "2"},
      {"/version", "1", "1"},
      {"/title", R"("one")", R"("two")"},
      {"/description", R"("one")", R"("two")"},
      {"/objective/0/weight", "1", "-2"},
      {"/objective/0/image", "1", "[0, 2]"},
      {"/objective/0/channel/unit", "1", "2"},
      {"/objective/0", R"({"neuron": {"layer": "a", "unit": 1}})",
       R"({"neuron": {"layer": "a", "unit": 2, "row": 3, "column": 4}})"},
      {"/objective/0", R"({"class": {"index": 1}})", R"({"class": {"label": "tabby"}})"},
      {"/objective/0", R"({"probability": {"index": 1}})", R"({"probability": {"index": 2}})"},
      {"/objective/0", R"({"direction": {"layer": "a", "vector": [1, 2]}})",
       R"({"direction": {"layer": "a", "vector": {"random": 7}, "power": 2, "at": "centre"}})"},
      {"/objective/0", R"({"tensor_direction": {"layer": "a", "tensor": "v.safetensors#v"}})",
       R"({"tensor_direction": {"layer": "a", "tensor": "v.safetensors#v", "power": 2, "at": {"row": 1, "column": 2}}})"},
      {"/objective/0", R"({"interpolation": {"layer": "a", "unit": 1, "to_unit": 2}})",
       R"({"interpolation": {"layer": "a", "unit": 3, "to_unit": 4}})"},
      {"/objective/1", R"({"diversity": {"layer": "a"}, "weight": -1})",
       R"({"diversity": {"layer": "a", "form": "article"}, "weight": -2})"},
      {"/objective/1", R"({"alignment": {"layer": "a"}})", R"({"alignment": {"layer": "a", "decay": 3}})"},
      {"/objective/1", R"({"l1": {"constant": 0}, "weight": -1})", R"({"l1": {}, "weight": -1})"},
      {"/objective/1", R"({"l2": {"constant": 0}, "weight": -1})", R"({"l2": {"constant": 1}, "weight": -1})"},
      {"/objective/1", R"({"boundary_complexity": {"border": 2, "constant": 0}, "weight": -1})",
       R"({"boundary_complexity": {"border": 2, "constant": 1}, "weight": -1})"},
      {"/objective/0", R"({"product": [{"channel": {"layer": "a", "unit": 1}}, {"class": {"index": 1}}]})",
       R"({"product": [{"channel": {"layer": "a", "unit": 2}}, {"class": {"label": "tabby"}}]})"},
  };
  for (const Change& change : changes)
    EXPECT_EQ(structure_with(change, change.from), structure_with(change, change.to)) << change.pointer << change.to;
}

TEST(Keys, OfProgramsChangeTheStructure) {
  const Change changes[] = {
      {"/model", R"("m")", R"("n")"},
      {"/images", "3", "4"},
      {"/size", "8", "9"},
      {"/steps", "8", "9"},
      {"/precision", R"("f32")", R"("bf16")"},
      {"/colour", R"("plain")", R"("clipped")"},
      {"/initial", R"("a.png")", R"("b.png")"},
      {"/snapshots", "[1]", "[2]"},
      {"/transparency", "{}", R"({"gamma": false})"},
      {"/transforms", R"("none")", "[]"},
      {"/gradients", "{}", R"({"relu": "linear"})"},
      {"/optimizer", R"({"adam": {"beta1": 0.5}})", R"({"adam": {"beta1": 0.6}})"},
      {"/parameterization", R"({"fourier": {"sd": 0.1}})", R"({"fourier": {"sd": 0.2}})"},
      {"/phases", R"([{"steps": 1}])", R"([{"steps": 2}])"},
      {"/phases", R"([{"objective": [{"channel": {"layer": "a", "unit": 1}}]}])",
       R"([{"objective": [{"channel": {"layer": "a", "unit": 2}}]}])"},
      {"/objective/0/channel/layer", R"("a")", R"("b")"},
      {"/objective/0", R"({"channel": {"layer": "a", "unit": 1}})", R"({"neuron": {"layer": "a", "unit": 1}})"},
      {"/objective/0", R"({"class": {"index": 1}})", R"({"probability": {"index": 1}})"},
      {"/objective/0", R"({"tensor_direction": {"layer": "a", "tensor": "v.safetensors#v"}})",
       R"({"tensor_direction": {"layer": "a", "tensor": "v.safetensors#w"}})"},
      {"/objective/0", R"({"interpolation": {"layer": "a", "unit": 1, "to_unit": 2}})",
       R"({"interpolation": {"layer": "a", "unit": 1, "to_layer": "b", "to_unit": 2}})"},
      {"/objective/0", R"({"caricature": {"layer": "a", "photo": "a.png"}})",
       R"({"caricature": {"layer": "a", "photo": "b.png"}})"},
      {"/objective/0", R"({"style": {"layer": "a", "photo": "a.png"}})",
       R"({"style": {"layer": "a", "photo": "a.png", "pooled": true}})"},
      {"/objective/1", R"({"blur": {}, "weight": -1})", R"({"blur": {"through": true}, "weight": -1})"},
      {"/objective/1", R"({"boundary_complexity": {"border": 2}, "weight": -1})",
       R"({"boundary_complexity": {"border": 3}, "weight": -1})"},
      {"/objective/0", R"({"product": [{"channel": {"layer": "a", "unit": 1}}, {"class": {"index": 1}}]})",
       R"({"product": [{"channel": {"layer": "b", "unit": 1}}, {"class": {"index": 1}}]})"},
  };
  for (const Change& change : changes)
    EXPECT_NE(structure_with(change, change.from), structure_with(change, change.to)) << change.pointer << change.to;
}

TEST(Terms, HaveNamesOfTheirOwnAndWords) {
  std::set<std::string> names;
  for (const TermKind& kind : term_kinds()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    const Json body = Json::parse(kind.format->example());
    for (const auto& term : kind.read(JsonReader(body, "x.json"))) {
      EXPECT_FALSE(term->words().empty()) << kind.name;
      EXPECT_FALSE(term->name().empty()) << kind.name;
      EXPECT_EQ(term->leads(), kind.leads) << kind.name;
    }
  }
}

}  // namespace
}  // namespace phosphene::testing::keys_test
