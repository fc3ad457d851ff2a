#include "runtime/cuda/recorded_sequence.h"

#include <algorithm>

#include "runtime/cuda/check.h"

namespace phosphene {
namespace {

constexpr int64_t kStepsBetweenMarks = 16;

// Events on a stream, for the time between them.
class Stopwatch {
 public:
  explicit Stopwatch(cudaStream_t stream) : stream_(stream) {
    for (cudaEvent_t& event : events_) check_cuda(cudaEventCreate(&event), "an event");
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch() {
    for (cudaEvent_t event : events_) cudaEventDestroy(event);
  }

  template <class Work>
  double seconds_of(const Work& work) {
    constexpr double kMillisecond = 1e-3;
    float milliseconds = 0;
    check_cuda(cudaEventRecord(events_[0], stream_), "an event");
    work();
    check_cuda(cudaEventRecord(events_[1], stream_), "an event");
    check_cuda(cudaEventSynchronize(events_[1]), "waiting for the GPU");
    check_cuda(cudaEventElapsedTime(&milliseconds, events_[0], events_[1]), "the time between events");
    return milliseconds * kMillisecond;
  }

 private:
  cudaStream_t stream_;
  std::array<cudaEvent_t, 2> events_{};
};

}  // namespace

Recording::Recording(Device& device, const std::function<void()>& enqueue) : device_(device) {
  cudaGraph_t graph = nullptr;
  check_cuda(cudaStreamBeginCapture(device_.stream(), cudaStreamCaptureModeThreadLocal), "the start of a recording");
  try {
    enqueue();
  } catch (...) {
    cudaStreamEndCapture(device_.stream(), &graph);  // leave the stream usable
    if (graph != nullptr) cudaGraphDestroy(graph);
    throw;
  }
  check_cuda(cudaStreamEndCapture(device_.stream(), &graph), "a recording");
  const cudaError_t status = cudaGraphInstantiate(&graph_, graph, 0);
  cudaGraphDestroy(graph);
  check_cuda(status, "a recorded step");
}

Recording::~Recording() {
  device_.wait_quietly();
  cudaGraphExecDestroy(graph_);
}

void Recording::launch() { check_cuda(cudaGraphLaunch(graph_, device_.stream()), "a recorded step"); }

StepQueue::StepQueue(Device& device) : device_(device) {
  for (cudaEvent_t& mark : marks_)
    check_cuda(cudaEventCreateWithFlags(&mark, cudaEventDisableTiming | cudaEventBlockingSync), "an event");
}

StepQueue::~StepQueue() {
  for (cudaEvent_t mark : marks_) cudaEventDestroy(mark);
}

void StepQueue::step_was_enqueued() {
  if (++steps_ % kStepsBetweenMarks != 0) return;
  check_cuda(cudaEventRecord(marks_[next_], device_.stream()), "an event");
  next_ = 1 - next_;
  if (steps_ > kStepsBetweenMarks) check_cuda(cudaEventSynchronize(marks_[next_]), "waiting for the GPU");
}

void RecordedSequence::run() {
  if (!record_ || runs_++ == 0) {
    Sequence::run();
  } else {
    if (recording_ == nullptr) recording_ = std::make_unique<Recording>(device_, [this] { Sequence::run(); });
    recording_->launch();
  }
  queue_.step_was_enqueued();
}

double seconds_of(Device& device, Task& task) {
  constexpr double kEnough = 2e-3;
  constexpr int kMost = 50;
  Stopwatch watch(device.stream());
  task.run();  // libraries load what they load
  const double once = watch.seconds_of([&] { task.run(); });
  const int repeats = std::clamp(static_cast<int>(kEnough / std::max(once, kEnough / kMost)), 1, kMost);
  Recording recording(device, [&] {
    for (int i = 0; i < repeats; ++i) task.run();
  });
  recording.launch();
  return watch.seconds_of([&] { recording.launch(); }) / repeats;
}

}  // namespace phosphene
