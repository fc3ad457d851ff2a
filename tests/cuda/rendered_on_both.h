// What a GPU renders beside what the CPU renders: for the simulated one and for a real one.
#pragma once

#include <string>

#include "tests/cli/program_under_test.h"

namespace phosphene {

class RenderedOnBoth : public ProgramTest {
 protected:
  // Every kind of term, parameterization and optimiser, each checked op by op (phosphene check) and rendered in a few steps: what is
  // reached is the CPU's to within what the signs of near-zero gradients can do to it. `before`: stands before what runs on a GPU.
  void expect_what_the_cpu_renders(const std::string& before) const;

 private:
  void expect_close_records(const std::string& cpu, const std::string& gpu) const;
};

}  // namespace phosphene
