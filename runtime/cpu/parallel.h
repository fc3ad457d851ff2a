// Threads for the CPU launches: OpenMP, or std::thread where the thread sanitizer watches (libgomp gives it false races).
#pragma once

#include <algorithm>
#include <cstdint>
#ifdef PHOSPHENE_STD_THREADS
#include <thread>
#include <vector>
#else
#include <omp.h>
#endif

namespace phosphene {

// Calls f(begin, end) for consecutive parts of [0, count), one per thread; alone when the work is too small to share.
class Parallel {
 public:
  explicit Parallel(int threads) : threads_(threads) {}

  [[nodiscard]] int threads() const { return threads_; }

  template <class F>
  void operator()(int64_t count, int64_t elements_each, const F& f) const {
    const int64_t parts = std::min<int64_t>(threads_, count);
    if (parts <= 1 || count * elements_each < kWorthSharing) {
      if (count > 0) f(int64_t{0}, count);
      return;
    }
    spread(parts, [&](int64_t part) { f(count * part / parts, count * (part + 1) / parts); });
  }

  // Limits the libraries that share OpenMP's threads to this number, where they are called by this thread of the host: OpenMP keeps a
  // number for each. So whoever calls one claims before, whoever called it last; it costs a few nanoseconds.
  void claim() const {
#ifndef PHOSPHENE_STD_THREADS
    omp_set_num_threads(threads_);
#endif
  }

  // Calls f, which prepares what a part of spread() is to run: libraries plan it for one thread.
  template <class F>
  void alone(const F& f) const {
    const AllThreadsAgain again{*this};
#ifndef PHOSPHENE_STD_THREADS
    omp_set_num_threads(1);
#endif
    f();
  }

  // f(part) for every part, each on one thread: a library called by f keeps to it too. OpenMP's own "in parallel" would not
  // tell it so when the team is of one.
  template <class F>
  void spread(int64_t parts, const F& f) const {
#ifdef PHOSPHENE_STD_THREADS
    std::vector<std::thread> team;
    for (int64_t part = 1; part < parts; ++part) team.emplace_back([&f, part] { f(part); });
    f(0);
    for (std::thread& member : team) member.join();
#else
#pragma omp parallel num_threads(threads_)
    {
      omp_set_num_threads(1);
#pragma omp for schedule(static)
      for (int64_t part = 0; part < parts; ++part) f(part);
    }
#endif
  }

 private:
  struct AllThreadsAgain {
    const Parallel& parallel;
    ~AllThreadsAgain() { parallel.claim(); }
  };

#ifdef PHOSPHENE_STD_THREADS
  static constexpr int64_t kWorthSharing = 0;  // the sanitizer is to see every body shared, and tests are small
#else
  static constexpr int64_t kWorthSharing = 1 << 14;  // elements: about 5 us of work, what waking a thread costs
#endif

  int threads_;
};

}  // namespace phosphene
