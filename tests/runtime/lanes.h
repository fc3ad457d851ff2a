// The bodies of every problem that our kernels solve, at every width and in any partition among threads: an element's result cannot
// depend on whether it fell into a full chunk or a tail. Compiled by subject: lanes_<subject>_test.cpp.
#pragma once

#include <gtest/gtest.h>

#include <typeinfo>

#include "runtime/problems/problem.h"
#include "tests/cases/case.h"
#include "tests/support/widths.h"

namespace phosphene::lanes {

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
  using OnlyStorage = float;  // of every case here: storage is converted at a load and a store, which no width changes
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

// As on a GPU: bodies of the shape that they have there, at the width that they have there.
struct GpuLauncher {
  static constexpr bool on_a_gpu = true;
  InParts parallel;

  template <class Body>
  void rows(int64_t count, int elements, const Body& body) const {
    if constexpr (requires { Body::gpu_lanes; }) {
      if (body.wide() && elements % Body::gpu_lanes == 0) {
        launch_rows(parallel, count, elements, WithWidth<Body, Body::gpu_lanes>{body});
        return;
      }
    }
    launch_rows(parallel, count, elements, WithWidth<Body, 1>{body});
  }
  template <class Body>
  void tiles(int64_t count, int64_t elements, const Body& body) const {
    launch_tiles(parallel, count, elements, body);
  }
};

// What all operands hold in the end.
template <class L, class P>
std::vector<std::vector<std::byte>> results(const Case& one, const P& problem, const L& launcher) {
  std::vector<std::vector<std::byte>> memory;
  std::vector<std::byte*> pointers;
  for (const cases::Operand& operand : one.operands)
    memory.push_back(cases::contents(operand, DType::f32, static_cast<unsigned>(memory.size()) + 1));
  for (auto& bytes : memory) pointers.push_back(bytes.data());
  std::vector<std::byte> workspace(static_cast<size_t>(workspace_bytes(problem)));
  launch(launcher, problem, Operands{pointers, workspace.data()});
  return memory;
}

template <class P>
void expect_same_bits(const Case& one, const P& problem) {
  SCOPED_TRACE(one.name);
  const auto expected = results(one, problem, Launcher<1>{{1}});
  EXPECT_TRUE(results(one, problem, Launcher<4>{{1}}) == expected);
  EXPECT_TRUE(results(one, problem, Launcher<0>{{1}}) == expected);
  EXPECT_TRUE(results(one, problem, Launcher<0>{{3}}) == expected);
  EXPECT_TRUE(results(one, problem, GpuLauncher{{1}}) == expected);
}

// All cases of the problems in the list; each problem has one.
template <class... P>
void expect_same_bits_at_every_width_and_in_any_partition(ProblemList<P...> /*launched*/) {
  const std::vector<Case> all = cases::every_case(cases::Size::small, 4);
  const auto run_cases_of = [&]<class One>(const One* /*type*/) {
    size_t launched = 0;
    for (const Case& one : all) {
      const One* problem = std::get_if<One>(&one.problem);
      if (problem == nullptr) continue;
      expect_same_bits(one, *problem);
      ++launched;
    }
    EXPECT_GT(launched, 0) << typeid(One).name() << " has no case";
  };
  (run_cases_of(static_cast<const P*>(nullptr)), ...);
}

}  // namespace phosphene::lanes
