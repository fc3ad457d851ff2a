// Every attribute and every constant of a node, one at a time left out, renamed, given a second time under another name, or made another
// type: the importer refuses it with a line that names the node, or computes what the node then means. Ops of loaders/import/*_rules.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iostream>

#include "loaders/import/import.h"
#include "loaders/import/rules.h"
#include "runtime/error.h"
#include "tests/networks/import_cases.h"
#include "tests/networks/network_run.h"
#include "tests/support/compare.h"

namespace phosphene::testing::import_mutation_test {
namespace {

using source::Attribute;
using source::Constant;
using source::Node;

// What an importer made of a case: numbers of its first output, or a refusal.
struct Answer {
  std::vector<float> numbers;
  std::string refusal;
};

Answer answer_of(const ImportCase& given) {
  const source::Network network = network_of(given);
  try {
    const Model model = source::import_network(network);
    Array image{{1, kCaseChannels, kCaseRows, kCaseColumns}, {}};
    for (int64_t i = 0; i < kCaseChannels * kCaseRows * kCaseColumns; ++i)
      image.data.push_back(static_cast<double>(i * 37 % 64 - 25) / 16);
    return {activations(model, image, {model.layers.back().name}).begin()->second.data, ""};
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::user) << error.what();
    return {{}, error.what()};
  }
}

// The same numbers to rounding: a twin is computed by the same ops, its constants may be folded in another order. 16 eps of the largest.
bool are_same(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && static_cast<bool>(near_largest(a, b, 16 * 0x1p-24));
}

struct Counts {
  int refused = 0, right = 0;
};

// `twin`: what the mutant means; null where it means nothing. `words`: what a refusal must hold beside the node's name.
void expect_refused_or_twin(const ImportCase& mutant, const ImportCase* twin, const std::vector<std::string>& words,
                            Counts& counts) {
  const Answer answer = answer_of(mutant);
  if (!answer.refusal.empty()) {
    EXPECT_EQ(answer.refusal.find('\n'), std::string::npos) << answer.refusal;
    const bool says_where =
        answer.refusal.find("'node'") != std::string::npos || answer.refusal.find("'after'") != std::string::npos;
    EXPECT_TRUE(says_where) << answer.refusal;
    const bool named = words.empty() || std::any_of(words.begin(), words.end(), [&](const std::string& word) {
                         return answer.refusal.find(word) != std::string::npos;
                       });
    EXPECT_TRUE(named) << answer.refusal;
    ++counts.refused;
    return;
  }
  ++counts.right;
  ASSERT_NE(twin, nullptr) << "was taken, but means nothing";
  const Answer right = answer_of(*twin);
  ASSERT_TRUE(right.refusal.empty()) << right.refusal;
  EXPECT_TRUE(are_same(answer.numbers, right.numbers)) << "computes something else";
}

ImportCase with_node(ImportCase given, const std::function<void(Node&)>& change) {
  change(given.node);
  return given;
}

void try_attribute(const ImportCase& given, const std::string& name, Counts& counts) {
  const Attribute value = given.node.attributes.at(name);
  const auto otherwise = given.otherwise.find(name);
  const bool ignored = given.ignored.contains(name);
  const ImportCase left_out = with_node(given, [&](Node& node) { node.attributes.erase(name); });
  {
    SCOPED_TRACE("left out");
    if (ignored) {
      expect_refused_or_twin(left_out, &given, {}, counts);
    } else if (otherwise == given.otherwise.end()) {
      expect_refused_or_twin(left_out, nullptr, {name}, counts);
    } else {
      const ImportCase twin = with_node(given, [&](Node& node) { node.attributes[name] = otherwise->second; });
      expect_refused_or_twin(left_out, &twin, {}, counts);
    }
  }
  {
    SCOPED_TRACE("renamed");
    const ImportCase renamed = with_node(left_out, [&](Node& node) { node.attributes[name + "_"] = value; });
    // What holds without the attribute may be refused for another reason.
    const bool means_something = answer_of(left_out).refusal.empty();
    expect_refused_or_twin(renamed, nullptr, means_something ? std::vector{name + "_"} : std::vector<std::string>{},
                           counts);
  }
  {
    SCOPED_TRACE("twice");
    const ImportCase twice = with_node(given, [&](Node& node) { node.attributes[name + "_"] = value; });
    expect_refused_or_twin(twice, nullptr, {name + "_"}, counts);
  }
  std::vector<Attribute> others = {std::string("nothing"),
                                   std::vector<std::string>{"nothing", "more"},
                                   Constant::of(std::vector<float>{1}, {1}),
                                   int64_t{-1} << 40,
                                   1e30,
                                   std::vector<int64_t>{-1, -1, -1, -1, -1, -1, -1, -1, -1}};
  if (const auto* list = std::get_if<std::vector<int64_t>>(&value)) {
    std::vector<int64_t> changed = *list;
    changed.push_back(1);
    if (!given.any_list.contains(name)) others.emplace_back(changed);
    others.emplace_back(std::vector<double>(list->begin(), list->end()));
  }
  if (const auto* integer = std::get_if<int64_t>(&value)) others.emplace_back(static_cast<double>(*integer) + 0.5);
  for (size_t i = 0; i < others.size(); ++i) {
    SCOPED_TRACE("another type " + std::to_string(i));
    if (others[i].index() == value.index() && std::holds_alternative<double>(value)) continue;  // another number
    const ImportCase changed = with_node(given, [&](Node& node) { node.attributes[name] = others[i]; });
    const bool is_same_type = std::holds_alternative<int64_t>(others[i]) && std::holds_alternative<double>(value);
    if (!is_same_type) expect_refused_or_twin(changed, ignored ? &given : nullptr, {name}, counts);
  }
}

Constant of_other_type(const Constant& constant) {
  if (constant.integral)
    return Constant::of(std::vector<float>(constant.integers.begin(), constant.integers.end()), constant.dims);
  std::vector<int64_t> integers;
  for (int64_t i = 0; i < constant.elements(); ++i)
    integers.push_back(static_cast<int64_t>(constant.numbers.data[i] * 8));
  return Constant::of(std::move(integers), constant.dims);
}

// The last element, or all of the last index of the first dimension, is gone.
Constant shortened(const Constant& constant) {
  std::vector<int64_t> dims = constant.dims;
  const int64_t count = constant.elements() / dims[0] * (dims[0] - 1);
  --dims[0];
  if (constant.integral)
    return Constant::of(std::vector<int64_t>(constant.integers.begin(), constant.integers.begin() + count), dims);
  return Constant::of(std::vector<float>(constant.numbers.data, constant.numbers.data + count), dims);
}

void try_constant(const ImportCase& given, size_t input, Counts& counts) {
  const std::string name = given.node.inputs[input];
  const auto otherwise = given.inputs_otherwise.find(input);
  {
    SCOPED_TRACE("left out");
    const ImportCase left_out = with_node(given, [&](Node& node) {
      node.inputs[input].clear();
      while (node.inputs.back().empty()) node.inputs.pop_back();
    });
    ImportCase twin = given;
    if (otherwise != given.inputs_otherwise.end()) twin.constants[name] = otherwise->second;
    expect_refused_or_twin(left_out, otherwise == given.inputs_otherwise.end() ? nullptr : &twin, {}, counts);
  }
  {
    SCOPED_TRACE("of another type");
    ImportCase changed = given;
    changed.constants[name] = of_other_type(given.constants.at(name));
    ImportCase twin = given;  // numbers where integers are expected mean nothing; integers may be numbers
    twin.constants[name] = of_other_type(of_other_type(given.constants.at(name)));
    const bool were_numbers = !given.constants.at(name).integral;
    if (were_numbers) {
      const Constant integers = of_other_type(given.constants.at(name));
      twin.constants[name] =
          Constant::of(std::vector<float>(integers.integers.begin(), integers.integers.end()), integers.dims);
    }
    expect_refused_or_twin(changed, &twin, {}, counts);
  }
  if (given.constants.at(name).dims.empty() || given.constants.at(name).dims[0] < 2) return;
  SCOPED_TRACE("shortened");
  ImportCase changed = given;
  changed.constants[name] = shortened(given.constants.at(name));
  // A shorter list may be one of fewer outputs, or mean another thing: those have an answer of their own, which is not known here.
  if (!given.any_length.contains(input)) expect_refused_or_twin(changed, nullptr, {}, counts);
}

void try_more(const ImportCase& given, Counts& counts) {
  if (!given.any_inputs) {
    SCOPED_TRACE("an input too many");
    ImportCase more = given;
    more.constants["more"] = Constant::of(std::vector<float>{1}, {1});
    more.node.inputs.resize(std::max(more.node.inputs.size(), given.most_inputs), "");
    more.node.inputs.emplace_back("more");
    expect_refused_or_twin(more, nullptr, {}, counts);
  }
  SCOPED_TRACE("another op");
  const ImportCase unknown = with_node(given, [](Node& node) { node.op += "V9"; });
  expect_refused_or_twin(unknown, nullptr, {given.node.op + "V9"}, counts);
}

class ImportMutation : public ::testing::TestWithParam<std::string> {};

TEST_P(ImportMutation, IsRefusedOrRight) {
  Counts counts;
  for (const ImportCase& given : import_cases(GetParam())) {
    SCOPED_TRACE(given.node.op + " " + given.label);
    const Answer good = answer_of(given);
    ASSERT_TRUE(good.refusal.empty()) << good.refusal;
    for (const auto& [name, value] : given.node.attributes) {
      SCOPED_TRACE("attribute " + name);
      try_attribute(given, name, counts);
    }
    for (size_t i = 0; i < given.node.inputs.size(); ++i) {
      if (!given.constants.contains(given.node.inputs[i])) continue;
      SCOPED_TRACE("input " + std::to_string(i));
      try_constant(given, i, counts);
    }
    try_more(given, counts);
  }
  std::cout << GetParam() << ": " << counts.refused << " refused, " << counts.right << " right\n";
  EXPECT_GT(counts.refused, counts.right) << "most mutants mean nothing";
}

INSTANTIATE_TEST_SUITE_P(Rules, ImportMutation,
                         ::testing::Values("activations", "arithmetic", "convolutions", "normalisations", "poolings",
                                           "shapes", "tensorflow", "keras"),
                         [](const ::testing::TestParamInfo<std::string>& family) { return family.param; });

// A rule without a case would go untried. What several names share is tried under one of them. Caffe's rules are tried through the files
// that they read: tests/loaders/caffe_mutation_test.cpp.
TEST(ImportMutation, TriesEveryRule) {
  std::set<std::string> tried = rules_like_others();
  for (const char* family :
       {"activations", "arithmetic", "convolutions", "normalisations", "poolings", "shapes", "tensorflow", "keras"}) {
    for (const ImportCase& given : import_cases(family)) tried.insert(given.node.op);
  }
  for (const auto& [op, rule] : source::all_rules()) EXPECT_TRUE(tried.contains(op) || op.starts_with("caffe.")) << op;
}

}  // namespace
}  // namespace phosphene::testing::import_mutation_test
