#include "experiment/run/writer.h"

#include <utility>

#include "runtime/stop.h"

namespace phosphene {
namespace {

constexpr size_t kMostBytes = size_t{64} << 20;  // that wait, but for a piece that has more alone

}  // namespace

Writer::Writer() : thread_([this] { work(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Writer::give(size_t bytes, std::function<void()> write, std::function<void()> dropped) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return failure_ != nullptr || pieces_.empty() || bytes_ + bytes <= kMostBytes; });
  if (failure_ != nullptr) std::rethrow_exception(failure_);
  bytes_ += bytes;
  pieces_.push_back({bytes, std::move(write), std::move(dropped)});
  changed_.notify_all();
}

void Writer::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return pieces_.empty(); });
  if (failure_ != nullptr) std::rethrow_exception(failure_);
}

void Writer::work() {
  const StopLater later;
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return ends_ || !pieces_.empty(); });
    if (pieces_.empty()) return;
    const Piece& piece = pieces_.front();  // stays where it is while others are added
    const bool failed = failure_ != nullptr;
    lock.unlock();
    std::exception_ptr failure;
    try {
      if (!failed)
        piece.write();
      else if (piece.dropped)
        piece.dropped();
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure_ == nullptr) failure_ = failure;
    bytes_ -= pieces_.front().bytes;
    pieces_.pop_front();
    changed_.notify_all();
  }
}

}  // namespace phosphene
