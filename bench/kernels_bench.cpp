// Every case of cases/ on the CPU backend, at real sizes, for one image and for four: time, GFLOP/s, GB/s, and per cent of what this
// machine can do at best, measured in the same run, by whichever of the two bounds the problem. One after another on the same
// memory: what fits a cache may be faster than memory is.
//   build/release/bench/phosphene_kernels_bench --benchmark_filter='^lrn.*/4/'
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "runtime/cpu/cpu_backend.h"
#include "runtime/error.h"
#include "tests/cases/case.h"

namespace phosphene {
namespace {

void time_case(benchmark::State& state, Backend& backend, const Peaks& peaks, const cases::Case& timed) {
  cases::RunningCase running(backend, timed);
  running.run();
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  for (auto _ : state) running.run();
  const double seconds =
      std::chrono::duration<double>(Clock::now() - start).count() / static_cast<double>(state.iterations());
  const double flops = phosphene::flops(timed.problem) / seconds, bytes = timed.bytes() / seconds;
  const double of_flops = flops / peaks.flops, of_bytes = bytes / peaks.bytes;
  state.counters["GFLOP/s"] = flops * 1e-9;
  state.counters["GB/s"] = bytes * 1e-9;
  state.counters["% of peak"] = 100 * std::max(of_flops, of_bytes);
  state.SetLabel(fmt::format("{}, {}", of_flops > of_bytes ? "flops" : "bytes", running.implementation()));
}

int bench(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  const std::unique_ptr<Backend> backend = make_cpu_backend();
  const Peaks peaks = backend->measure_peaks(DType::f32);
  benchmark::AddCustomContext("backend", backend->description());
  benchmark::AddCustomContext("peaks", fmt::format("{:.0f} GFLOP/s of a matrix product, {:.1f} GB/s of a copy",
                                                   peaks.flops * 1e-9, peaks.bytes * 1e-9));
  for (const int64_t images : {1, 4}) {
    for (const cases::Case& timed : cases::every_case(cases::Size::real, images)) {
      benchmark::RegisterBenchmark(
          fmt::format("{}/{}", timed.name, images).c_str(),
          [&backend, peaks, timed](benchmark::State& state) { time_case(state, *backend, peaks, timed); })
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
    }
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace phosphene

int main(int argc, char** argv) {
  try {
    return phosphene::bench(argc, argv);
  } catch (const phosphene::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return error.blame() == phosphene::Blame::user ? 2 : 1;
  }
}
