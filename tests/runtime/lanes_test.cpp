// The bodies of every problem that our kernels solve, at every width and in any partition among threads: an element's result cannot
// depend on whether it fell into a full chunk or a tail.
#include <gtest/gtest.h>

#include "runtime/launches.h"
#include "tests/cases/case.h"
#include "tests/support/widths.h"

namespace phosphene {
namespace {

using cases::Case;
using testing::WithWidth;

// All the work in parts, the last first.
struct InParts {
  int64_t parts;
  template <class F>
  void operator()(int64_t count, int64_t /*elements_each*/, const F& f) const {
    for (int64_t part = parts - 1; part >= 0; --part) f(count * part / parts, count * (part + 1) / parts);
  }
};

// kWidth 0: the body's own.
template <int kWidth>
struct Launcher {
  InParts parallel;

  template <class Body>
  void rows(int64_t count, int elements, const Body& body) const {
    if constexpr (kWidth == 0) {
      launch_rows(parallel, count, elements, body);
    } else {
      launch_rows(parallel, count, elements, WithWidth<Body, kWidth>{body});
    }
  }
  template <class Body>
  void tiles(int64_t count, int64_t elements, const Body& body) const {
    launch_tiles(parallel, count, elements, body);
  }
};

// What all operands hold in the end; nothing for a library's problem.
template <class L>
std::vector<std::vector<std::byte>> results(const Case& one, const L& launcher) {
  std::vector<std::vector<std::byte>> memory;
  std::vector<std::byte*> pointers;
  for (const cases::Operand& operand : one.operands)
    memory.push_back(cases::contents(operand, DType::f32, static_cast<unsigned>(memory.size()) + 1));
  for (auto& bytes : memory) pointers.push_back(bytes.data());
  const bool launched = std::visit(
      [&](const auto& problem) {
        if constexpr (requires(Operands at) { launch(launcher, problem, at); }) {
          std::vector<std::byte> workspace(static_cast<size_t>(workspace_bytes(problem)));
          launch(launcher, problem, Operands{pointers, workspace.data()});
          return true;
        }
        return false;
      },
      one.problem);
  if (!launched) memory.clear();
  return memory;
}

TEST(Lanes, SameBitsAtEveryWidthAndInAnyPartition) {
  size_t launched = 0, all = 0;
  for (const Case& one : cases::every_case(cases::Size::small, 4)) {
    SCOPED_TRACE(one.name);
    const auto expected = results(one, Launcher<1>{{1}});
    launched += expected.empty() ? 0 : 1;
    ++all;
    EXPECT_TRUE(results(one, Launcher<4>{{1}}) == expected);
    EXPECT_TRUE(results(one, Launcher<0>{{1}}) == expected);
    EXPECT_TRUE(results(one, Launcher<0>{{3}}) == expected);
  }
  EXPECT_GT(launched, all / 2);
}

}  // namespace
}  // namespace phosphene
