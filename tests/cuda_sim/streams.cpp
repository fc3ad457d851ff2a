#include "tests/cuda_sim/streams.h"

#include <algorithm>
#include <cstdlib>
#include <random>
#include <utility>

#include "tests/cuda_sim/memory.h"
#include "tests/cuda_sim/sim.h"

namespace phosphene::sim {
namespace {

std::mt19937& generator() {
  static std::mt19937 generator = [] {
    const char* seed = std::getenv("SIMCUDA_SEED");
    return std::mt19937(seed == nullptr ? 1U : static_cast<uint32_t>(std::strtoul(seed, nullptr, 10)));
  }();
  return generator;
}

// A launch of a graph: its nodes in a random order that respects their edges.
class GraphRun {
 public:
  explicit GraphRun(std::shared_ptr<const Graph> graph) : graph_(std::move(graph)), done_(graph_->size(), false) {}

  bool step() {
    NodeSet ready;
    for (size_t i = 0; i < graph_->size(); ++i) {
      const NodeSet& after = (*graph_)[i].after;
      if (!done_[i] && std::all_of(after.begin(), after.end(), [&](size_t node) { return done_[node]; }))
        ready.push_back(i);
    }
    if (ready.empty()) return true;
    const size_t node = ready[random(static_cast<uint32_t>(ready.size()))];
    run_operation((*graph_)[node].operation.what, (*graph_)[node].operation.run);
    done_[node] = true;
    return false;
  }

 private:
  std::shared_ptr<const Graph> graph_;
  std::vector<bool> done_;
};

// Whether every node comes before the tail.
bool all_joined(const Graph& graph, NodeSet tail) {
  std::vector<bool> seen(graph.size(), false);
  while (!tail.empty()) {
    const size_t node = tail.back();
    tail.pop_back();
    if (seen[node]) continue;
    seen[node] = true;
    tail.insert(tail.end(), graph[node].after.begin(), graph[node].after.end());
  }
  return std::find(seen.begin(), seen.end(), false) == seen.end();
}

}  // namespace

uint32_t random(uint32_t bound) { return static_cast<uint32_t>(generator()() % bound); }
void seed(uint32_t value) { generator().seed(value); }

// Never destroyed, like the memory.
Streams& Streams::instance() {
  static auto* streams = new Streams;
  return *streams;
}

Stream& Streams::at(cudaStream_t handle) {
  if (handle == nullptr || handle == cudaStreamLegacy) return legacy_;
  for (const auto& stream : streams_)
    if (static_cast<const void*>(stream.get()) == handle && !stream->destroyed) return *stream;
  refuse(cudaErrorInvalidResourceHandle);
}

cudaStream_t Streams::create(bool blocking) {
  streams_.push_back(std::make_shared<Stream>(Stream{blocking}));
  return reinterpret_cast<cudaStream_t>(streams_.back().get());
}

void Streams::destroy(cudaStream_t handle) {
  Stream& stream = at(handle);
  if (&stream == &legacy_) refuse(cudaErrorInvalidResourceHandle);
  if (stream.capture != nullptr) stream.capture->broken = true;
  stream.destroyed = true;
}

std::shared_ptr<Event> Streams::event(cudaEvent_t handle) {
  const auto at = events_.find(handle);
  if (at == events_.end()) refuse(cudaErrorInvalidResourceHandle);
  return at->second;
}

cudaEvent_t Streams::create_event(bool timed) {
  auto event = std::make_shared<Event>(Event{timed});
  const auto handle = reinterpret_cast<cudaEvent_t>(event.get());
  events_[handle] = std::move(event);
  return handle;
}

void Streams::destroy_event(cudaEvent_t handle) {
  static_cast<void>(event(handle));
  events_.erase(handle);
}

void Streams::break_capture(Capture& capture, cudaError_t status) {
  capture.broken = true;
  refuse(status);
}

Capture* Streams::capturing(Stream& stream) {
  if (&stream == &legacy_) {
    for (const auto& other : streams_)
      if (other->blocking && other->capture != nullptr) break_capture(*other->capture, cudaErrorStreamCaptureImplicit);
  }
  if (stream.capture != nullptr && stream.capture->broken) refuse(cudaErrorStreamCaptureInvalidated);
  return stream.capture.get();
}

void Streams::not_captured(const Stream& stream) {
  if (stream.capture != nullptr) break_capture(*stream.capture, cudaErrorStreamCaptureUnsupported);
}

void Streams::not_captured(const Event& event) {
  if (event.capture != nullptr) break_capture(*event.capture, cudaErrorCapturedEvent);
}

void Streams::forbid_in_capture(bool any_mode) {
  bool forbidden = false;
  for (const auto& stream : streams_) {
    if (stream->capture == nullptr) continue;
    Capture& capture = *stream->capture;
    const bool here = capture.mode == cudaStreamCaptureModeGlobal || capture.thread == std::this_thread::get_id();
    if (!any_mode && (capture.mode == cudaStreamCaptureModeRelaxed || !here)) continue;
    forbidden = capture.broken = true;
  }
  if (forbidden) refuse(cudaErrorStreamCaptureUnsupported);
}

void Streams::push(Stream& stream, std::function<bool()> ready, std::function<bool()> step) {
  stream.queue.push_back({std::move(ready), std::move(step), ++sequence_});
}

void Streams::enqueue(Stream& stream, Operation operation) {
  if (Capture* capture = capturing(stream); capture != nullptr) {
    capture->graph.push_back({std::move(operation), stream.tail});
    stream.tail = {capture->graph.size() - 1};
    return;
  }
  if (operation.at_call) operation.at_call();
  push(stream, nullptr, [operation = std::move(operation)] {
    run_operation(operation.what, operation.run);
    return true;
  });
}

void Streams::record(Stream& stream, const std::shared_ptr<Event>& event) {
  if (capturing(stream) != nullptr) {
    event->capture = stream.capture;
    event->tail = stream.tail;
    return;
  }
  event->capture.reset();
  push(stream, nullptr, [this, event, number = ++event->recorded] {
    event->done = std::max(event->done, number);
    event->time = time_;
    return true;
  });
}

void Streams::wait(Stream& stream, const std::shared_ptr<Event>& event) {
  Capture* own = capturing(stream);
  Capture* other = event->capture.get();
  if (other == nullptr) {
    if (own != nullptr) break_capture(*own, cudaErrorStreamCaptureIsolation);
    push(
        stream, [event, number = event->recorded] { return event->done >= number; }, [] { return true; });
    return;
  }
  if (other->ended) refuse(cudaErrorCapturedEvent);
  if (other->broken) refuse(cudaErrorStreamCaptureInvalidated);
  if (&stream == &legacy_) break_capture(*other, cudaErrorStreamCaptureImplicit);
  if (own != nullptr && own != other) {
    own->broken = true;
    break_capture(*other, cudaErrorStreamCaptureMerge);
  }
  stream.capture = event->capture;
  stream.tail.insert(stream.tail.end(), event->tail.begin(), event->tail.end());
}

void Streams::launch(Stream& stream, const std::shared_ptr<const Graph>& graph) {
  if (Capture* capture = capturing(stream); capture != nullptr)  // a graph inside a graph is not simulated
    break_capture(*capture, cudaErrorStreamCaptureUnsupported);
  if (const char* most = std::getenv("SIMCUDA_QUEUE"); most != nullptr && stream.queue.size() > std::stoul(most))
    die(std::to_string(stream.queue.size()) + " operations wait in a stream; expected at most " + most);
  for (const Node& node : *graph)
    if (node.operation.at_call) node.operation.at_call();
  push(stream, nullptr, [run = std::make_shared<GraphRun>(graph)] { return run->step(); });
}

bool Streams::may_run(const Stream& stream) const {
  if (stream.queue.empty() || (stream.queue.front().ready && !stream.queue.front().ready())) return false;
  // The legacy default stream and each stream that blocks on it take turns in the order of the calls.
  const auto comes_before = [&](const Stream& other) {
    return stream.blocking && other.blocking && !other.queue.empty() &&
           other.queue.front().sequence < stream.queue.front().sequence;
  };
  if (&stream != &legacy_) return !comes_before(legacy_);
  return std::none_of(streams_.begin(), streams_.end(), [&](const auto& other) { return comes_before(*other); });
}

bool Streams::step() {
  std::vector<Stream*> candidates;
  if (may_run(legacy_)) candidates.push_back(&legacy_);
  for (const auto& stream : streams_)
    if (may_run(*stream)) candidates.push_back(stream.get());
  if (candidates.empty()) return false;
  const bool stays =
      std::find(candidates.begin(), candidates.end(), last_) != candidates.end() && random(16) < stays_in_16_;
  Stream& stream = stays ? *last_ : *candidates[random(static_cast<uint32_t>(candidates.size()))];
  last_ = &stream;
  const OpenMemory open;
  ++time_;
  if (stream.queue.front().step()) stream.queue.pop_front();
  std::erase_if(streams_, [](const auto& s) { return s->destroyed && s->queue.empty(); });
  return true;
}

void Streams::run_until(const std::function<bool()>& done) {
  const OpenMemory open;
  constexpr uint32_t kStays[] = {0, 8, 15};  // streams that alternate, and streams that run far ahead
  stays_in_16_ = kStays[random(3)];
  while (!done())
    if (!step()) die("no stream can go on");
}

void Streams::synchronise(Stream& stream) {
  not_captured(stream);
  run_until([&] { return stream.queue.empty(); });
}

void Streams::synchronise(const std::shared_ptr<Event>& event) {
  not_captured(*event);
  run_until([&, number = event->recorded] { return event->done >= number; });
}

void Streams::synchronise_all() {
  run_until([&] {
    return legacy_.queue.empty() &&
           std::all_of(streams_.begin(), streams_.end(), [](const auto& stream) { return stream->queue.empty(); });
  });
}

bool Streams::finished(Stream& stream) {
  not_captured(stream);
  if (!stream.queue.empty()) step();
  return stream.queue.empty();
}

bool Streams::finished(const std::shared_ptr<Event>& event) {
  not_captured(*event);
  if (event->done < event->recorded) step();
  return event->done >= event->recorded;
}

void Streams::begin_capture(Stream& stream, cudaStreamCaptureMode mode) {
  if (&stream == &legacy_) refuse(cudaErrorStreamCaptureUnsupported);
  if (stream.capture != nullptr) refuse(cudaErrorIllegalState);
  stream.capture = std::make_shared<Capture>(Capture{&stream, mode});
}

std::shared_ptr<const Graph> Streams::end_capture(Stream& stream) {
  const std::shared_ptr<Capture> capture = stream.capture;
  if (capture == nullptr) refuse(cudaErrorIllegalState);
  if (capture->origin != &stream) break_capture(*capture, cudaErrorStreamCaptureUnmatched);
  if (capture->mode != cudaStreamCaptureModeRelaxed && capture->thread != std::this_thread::get_id())
    break_capture(*capture, cudaErrorStreamCaptureWrongThread);
  const NodeSet tail = stream.tail;
  capture->ended = true;
  for (const auto& other : streams_) {
    if (other->capture != capture) continue;
    other->capture.reset();
    other->tail.clear();
  }
  if (capture->broken) refuse(cudaErrorStreamCaptureInvalidated);
  if (!all_joined(capture->graph, tail)) refuse(cudaErrorStreamCaptureUnjoined);
  return std::make_shared<const Graph>(capture->graph);
}

}  // namespace phosphene::sim
