#include "cli/roofline.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/streams.h"
#include "runtime/dry_run_backend.h"

namespace phosphene {
namespace {

// Dense peaks of NVIDIA's data sheets: float32 outside the tensor cores, TF32 and bfloat16 with float32 sums inside them.
struct Gpu {
  const char* name;
  double terabytes, f32_teraflops, tf32_teraflops, bf16_teraflops;  // a second
};
constexpr Gpu kGpus[] = {
    {"H100 SXM", 3.35, 67, 494.5, 989}, {"H200 SXM", 4.8, 67, 494.5, 989}, {"RTX 4090", 1.008, 82.6, 82.6, 165.2}};

struct Sum {
  int64_t calls = 0;
  double bytes = 0, flops = 0;
};

bool by_a_library(const std::string& kind) {
  return kind.find("convolution") != std::string::npos || kind.find("fourier") != std::string::npos ||
         kind.find("linear") != std::string::npos;
}

double seconds_at_least(const Program::Step& step, double terabytes, double teraflops) {
  return std::max(static_cast<double>(step.bytes) / (terabytes * 1e12), step.flops / (teraflops * 1e12));
}

}  // namespace

void print_roofline(const OneStepSubject& subject, bool tf32) {
  const OneStep step(subject, make_dry_run_backend({}, tf32));
  std::map<std::string, Sum> kinds;
  Sum library, own;
  for (const Program::Step& planned : step.program().steps()) {
    for (Sum* sum : {&kinds[planned.kind], by_a_library(planned.kind) ? &library : &own}) {
      ++sum->calls;
      sum->bytes += static_cast<double>(planned.bytes);
      sum->flops += planned.flops;
    }
  }
  print_result("\none optimisation step of {} on a GPU{}\n", subject.description(), tf32 ? ", TF32" : "");
  print_result("{:<26} {:>6} {:>10} {:>10}\n", "kind", "calls", "MB", "GFLOP");
  const auto line = [](const std::string& name, const Sum& sum) {
    print_result("{:<26} {:>6} {:>10.2f} {:>10.3f}\n", name, sum.calls, sum.bytes * 1e-6, sum.flops * 1e-9);
  };
  for (const auto& [kind, sum] : kinds) line(kind, sum);
  line("library calls", library);
  line("our kernels", own);
  print_result("arena {:.1f} MB without the libraries' workspaces\n",
               static_cast<double>(step.program().arena_bytes()) * 1e-6);
  for (const Gpu& gpu : kGpus) {
    const double teraflops = subject.config.precision == DType::bf16 ? gpu.bf16_teraflops
                             : tf32                                  ? gpu.tf32_teraflops
                                                                     : gpu.f32_teraflops;
    double seconds = 0;
    for (const Program::Step& planned : step.program().steps())
      seconds += seconds_at_least(planned, gpu.terabytes, teraflops);
    print_result("{:<9} at least {:.3f} ms a step (at most {:.0f} images/s)\n", gpu.name, seconds * 1e3,
                 static_cast<double>(subject.image.n) / seconds);
  }
}

}  // namespace phosphene
