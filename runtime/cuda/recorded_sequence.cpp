#include "runtime/cuda/recorded_sequence.h"

#include "runtime/cuda/check.h"

namespace phosphene {

RecordedSequence::~RecordedSequence() {
  cudaStreamSynchronize(device_.stream());
  if (graph_ != nullptr) cudaGraphExecDestroy(graph_);
}

void RecordedSequence::run() {
  if (!record_ || runs_++ == 0) {
    Sequence::run();
    return;
  }
  if (graph_ == nullptr) record();
  check_cuda(cudaGraphLaunch(graph_, device_.stream()), "a recorded step");
}

void RecordedSequence::record() {
  cudaGraph_t graph = nullptr;
  check_cuda(cudaStreamBeginCapture(device_.stream(), cudaStreamCaptureModeThreadLocal), "the start of a recording");
  try {
    Sequence::run();
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

}  // namespace phosphene
