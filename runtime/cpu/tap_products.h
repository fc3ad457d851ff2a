// Products of one gradient with the taps of all its channels' weights: what a window adds to the image it reads.
#pragma once

#include <vector>

#include "kernels/host_device.h"
#include "runtime/cpu/packed_weights.h"
#include "runtime/cpu/vector.h"
#include "runtime/problems/problem.h"

namespace phosphene {

// The channels of positions whose gradient is not zero, one behind the other.
struct Entries {
  float* values;
  int32_t* channels;

  static int64_t bytes(int64_t most) { return (most + kSlack) * int64_t{sizeof(float) + sizeof(int32_t)}; }
  static constexpr int64_t kSlack = 8;  // scribbled on behind the last one

  Entries(std::byte* memory, int64_t most)
      : values(reinterpret_cast<float*>(memory)), channels(reinterpret_cast<int32_t*>(values + most + kSlack)) {}

  // Adds those of k_count channels at `listed` and returns the number then. Without a branch, as none could be predicted.
  template <class Storage>
  [[nodiscard]] int64_t add(const Storage* gradient, int64_t k_count, int64_t listed) const;
};

// Of one position all taps, (r, s, c) in this order, filled up to whole vectors with zeros, and divided into panels, whose sums stay in
// registers; the weights, rounded to the problem's storage, as [panel][k][vector].
class Taps {
 public:
  struct Panel {
    int64_t first, vectors;
  };
  static constexpr int kMaxTogether = 8;

  Taps(const ConvolutionBackwardProblem& problem, PackedWeights& packed);

  [[nodiscard]] const std::vector<Panel>& panels() const { return panels_; }
  [[nodiscard]] int64_t rows() const { return r_; }
  [[nodiscard]] int64_t row_vectors() const { return round_up(row_, kVectorLanes) / kVectorLanes; }
  [[nodiscard]] const Packed& packed() const { return weights_; }
  // Numbers from one position's sums to the next one's: their last row is read in whole vectors.
  [[nodiscard]] int64_t pitch() const { return (vectors_ + 1) * kVectorLanes; }

  // The panel's part of `sums`, of the channels in [begin, end) of the entries. Both products sum over channels in their order: where
  // weights are finite they differ at most in the sign of a zero.
  void multiply_entries(const Panel& panel, const Entries& entries, int64_t begin, int64_t end, float* sums) const;
  // The same of all channels of positions_together(panel) neighbours, whose gradients lie one behind the other.
  void multiply_all(const Panel& panel, const float* gradient, float* sums) const;
  [[nodiscard]] static int64_t positions_together(const Panel& panel);
  // The share of numbers that are not zero above which the second is faster: an entry costs its products and about three instructions
  // more, to list a channel costs one.
  [[nodiscard]] double dense_above() const {
    return static_cast<double>(vectors_ - 1) / static_cast<double>(vectors_ + 3);
  }

  // Adds the sums of a position to the rows of the image that its window covers, from `offset` on.
  void add(const float* sums, float* const* rows, int64_t offset) const;

 private:
  using WordVector [[gnu::vector_size(kVectorLanes * sizeof(int32_t))]] = int32_t;

  void pack(const ConvolutionBackwardProblem& problem, const Panel& panel, Vector* weights) const;
  [[nodiscard]] const float* weights_of(const Panel& panel) const {
    return reinterpret_cast<const float*>(reinterpret_cast<const Vector*>(weights_.numbers.get()) +
                                          panel.first * k_count_);
  }

  int64_t r_, row_, k_count_, vectors_;  // row_: taps of one of r_ rows
  std::vector<Panel> panels_;
  Packed weights_;
  WordVector last_of_row_;  // all bits of the lanes in which a row's last vector has numbers of its own
};

}  // namespace phosphene
