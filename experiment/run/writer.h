// Writes what is ready while the next steps run: pictures and records take no time of the threads that compute.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace phosphene {

// One thread, which does its pieces in the order in which they were given, from any thread. What has been given is done, even if the run is
// asked to stop, unless a piece before it failed: from then on pieces are dropped.
class Writer {
 public:
  Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();  // does what waits

  // `bytes` are what the piece keeps in memory: where too many wait, so does the caller. `dropped` is called instead of a piece that is
  // dropped. Throws what an earlier piece threw.
  void give(size_t bytes, std::function<void()> write, std::function<void()> dropped = nullptr);
  // Waits until everything that was given is done. Throws what a piece threw.
  void finish();

 private:
  struct Piece {
    size_t bytes = 0;
    std::function<void()> write, dropped;
  };

  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> pieces_;  // the first is under way
  size_t bytes_ = 0;          // of all of them
  bool ends_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace phosphene
