// Streams, events and captured graphs of the simulated GPU.
//
// A stream is a queue. Nothing runs before the host waits for something; then the queues are interleaved in a random order that
// respects events and the legacy default stream, so that an order that the program does not enforce goes wrong for some seeds.
#pragma once

#include <cuda_runtime_api.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace phosphene::sim {

// Thrown where an entry point returns an error.
struct Refusal {
  cudaError_t status;
};
[[noreturn]] inline void refuse(cudaError_t status) { throw Refusal{status}; }

struct Operation {
  std::string what;
  std::function<void()> run;
  std::function<void()> at_call;  // when it is enqueued, by a call or by the launch of a graph
};

using NodeSet = std::vector<size_t>;
struct Node {
  Operation operation;
  NodeSet after;
};
using Graph = std::vector<Node>;

struct Stream;
struct Capture {
  const Stream* origin;
  cudaStreamCaptureMode mode;
  std::thread::id thread = std::this_thread::get_id();
  Graph graph{};
  bool broken = false, ended = false;
};

// Record number n has happened when done >= n.
struct Event {
  bool timed;
  int64_t recorded = 0, done = 0, time = 0;
  std::shared_ptr<Capture> capture{};  // where the last record was captured
  NodeSet tail{};
};

struct Stream {
  struct Item {
    std::function<bool()> ready;  // null: always
    std::function<bool()> step;   // true when there is no more to do
    int64_t sequence;
  };
  bool blocking;  // ordered with the legacy default stream
  bool destroyed = false;
  std::deque<Item> queue{};
  std::shared_ptr<Capture> capture{};
  NodeSet tail{};  // the nodes that what is captured next follows
};

class Streams {
 public:
  static Streams& instance();

  // Also the default stream's handles; refuses anything else.
  Stream& at(cudaStream_t handle);
  cudaStream_t create(bool blocking);
  void destroy(cudaStream_t handle);  // what is queued still runs, some time

  std::shared_ptr<Event> event(cudaEvent_t handle);
  cudaEvent_t create_event(bool timed);
  void destroy_event(cudaEvent_t handle);

  void enqueue(Stream& stream, Operation operation);
  void record(Stream& stream, const std::shared_ptr<Event>& event);
  void wait(Stream& stream, const std::shared_ptr<Event>& event);
  void launch(Stream& stream, const std::shared_ptr<const Graph>& graph);

  void synchronise(Stream& stream);
  void synchronise(const std::shared_ptr<Event>& event);
  void synchronise_all();
  // Lets time pass, so that who polls gets on.
  bool finished(Stream& stream);
  bool finished(const std::shared_ptr<Event>& event);

  void begin_capture(Stream& stream, cudaStreamCaptureMode mode);
  std::shared_ptr<const Graph> end_capture(Stream& stream);
  // For calls that synchronise or allocate: breaks the captures that they disturb and refuses.
  void forbid_in_capture(bool any_mode = false);

 private:
  void push(Stream& stream, std::function<bool()> ready, std::function<bool()> step);
  // The stream's capture, if it has one that is whole.
  Capture* capturing(Stream& stream);
  void break_capture(Capture& capture, cudaError_t status);
  void not_captured(const Stream& stream);
  void not_captured(const Event& event);
  [[nodiscard]] bool may_run(const Stream& stream) const;
  bool step();
  void run_until(const std::function<bool()>& done);

  Stream legacy_{true};
  std::vector<std::shared_ptr<Stream>> streams_;
  std::map<cudaEvent_t, std::shared_ptr<Event>> events_;
  int64_t sequence_ = 0, time_ = 0;
  Stream* last_ = nullptr;
  uint32_t stays_in_16_ = 0;
};

}  // namespace phosphene::sim
