// Every problem on the CPU backend: each has a case, and its result does not depend on the number of threads.
#include <cxxabi.h>
#include <gtest/gtest.h>

#include <cctype>
#include <cmath>
#include <typeinfo>

#include "runtime/cpu/cpu_backend.h"
#include "runtime/problems/problem.h"
#include "tests/cases/case.h"

namespace phosphene {
namespace cases {
static void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }  // found by googletest
}  // namespace cases

namespace {

using cases::Access;
using cases::Case;

const std::vector<Case>& small_cases() {
  static const std::vector<Case> all = cases::every_case(cases::Size::small, 4);
  return all;
}

template <size_t... kIndices>
std::vector<std::string> names_of_problems(std::index_sequence<kIndices...>) {
  const auto name = [](const std::type_info& type) {
    int status = 0;
    char* readable = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
    std::string copy = status == 0 ? readable : type.name();
    std::free(readable);
    return copy;
  };
  return {name(typeid(std::variant_alternative_t<kIndices, Problem::Variant>))...};
}

TEST(Problems, EachHasACase) {
  for (const auto& [size, images] : {std::pair{cases::Size::small, 4}, {cases::Size::real, 4}}) {
    std::vector<std::string> without =
        names_of_problems(std::make_index_sequence<std::variant_size_v<Problem::Variant>>());
    for (const Case& one : cases::every_case(size, images)) without[one.problem.index()].clear();
    for (const std::string& name : without) EXPECT_EQ(name, "") << "has no case in cases/";
  }
}

template <class T>
void expect_finite(const std::vector<std::byte>& bytes) {
  std::vector<T> numbers(bytes.size() / sizeof(T));
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  for (size_t i = 0; i < numbers.size(); ++i) ASSERT_TRUE(std::isfinite(numbers[i])) << "element " << i;
}

class EveryProblem : public ::testing::TestWithParam<Case> {};

// What was written, of each operand that is.
std::vector<std::vector<std::byte>> results(const Case& one, int threads) {
  const std::unique_ptr<Backend> backend = make_cpu_backend(threads);
  cases::RunningCase running(*backend, one);
  running.run();
  std::vector<std::vector<std::byte>> all;
  for (size_t i = 0; i < one.operands.size(); ++i)
    if (one.operands[i].access != Access::read) all.push_back(running.read(i));
  return all;
}

// Operands that are only written hold NaN before, so a finite result is a complete one.
TEST_P(EveryProblem, HasTheSameBitsOnOneThreadAndOnTwo) {
  const Case& one = GetParam();
  const auto expected = results(one, 1);
  ASSERT_FALSE(expected.empty()) << "nothing is written";
  EXPECT_TRUE(expected == results(one, 2));
  size_t next = 0;
  for (const cases::Operand& operand : one.operands) {
    if (operand.access == Access::read) continue;
    SCOPED_TRACE("written operand " + std::to_string(next));
    if (operand.type == DType::f32) expect_finite<float>(expected[next]);
    if (operand.type == DType::f64) expect_finite<double>(expected[next]);
    ++next;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, EveryProblem, ::testing::ValuesIn(small_cases()), [](const auto& of) {
  std::string name = of.param.name;
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
});

}  // namespace
}  // namespace phosphene
