#include "runtime/cpu/image_gradient.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <vector>

#include "kernels/host_device.h"
#include "runtime/cpu/tap_products.h"
#include "runtime/cpu/vector.h"
#include "runtime/launches/operands.h"

namespace phosphene {
namespace {

constexpr int64_t kMaxChannels = 4;

// The rows of grad_src that windows are being added to, one behind the other in a ring, with the padding beside them.
class OpenRows {
 public:
  OpenRows(const ConvolutionBackwardProblem& problem, const Taps& taps)
      : count_(std::max(taps.rows(), problem.window.stride_h)),
        pitch_(round_up(
            std::max((problem.dst.w - 1) * problem.window.stride_w * problem.src.c + taps.row_vectors() * kVectorLanes,
                     (problem.window.pad_left + problem.src.w) * problem.src.c),
            kVectorLanes)) {}

  [[nodiscard]] int64_t bytes() const { return count_ * pitch_ * static_cast<int64_t>(sizeof(float)); }
  void use(float* memory) {
    memory_ = memory;
    std::memset(memory, 0, static_cast<size_t>(bytes()));
  }
  [[nodiscard]] float* at(int64_t row) const { return memory_ + (row % count_) * pitch_; }
  void clear(int64_t row) const { std::memset(at(row), 0, static_cast<size_t>(pitch_) * sizeof(float)); }

 private:
  int64_t count_, pitch_;
  float* memory_ = nullptr;
};

template <class Storage>
class ImageGradientTask final : public Task {
 public:
  ImageGradientTask(const ConvolutionBackwardProblem& problem, const CpuTeam& team)
      : src_(problem.src),
        dst_(problem.dst),
        window_(problem.window),
        taps_(problem, *team.packed),
        open_(problem, taps_),
        parallel_(team.parallel) {}

  [[nodiscard]] int64_t workspace_bytes() const { return parallel_.threads() * bytes_each(); }
  [[nodiscard]] const Packed& weights() const { return taps_.packed(); }

  void bind(std::span<std::byte* const> operands, std::byte* workspace) override {
    grad_dst_ = reinterpret_cast<const Storage*>(operands[0]);
    grad_src_ = reinterpret_cast<Storage*>(operands[1]);
    workspace_ = workspace;
  }

  // Threads share the rows of grad_src; windows that reach over a boundary are computed on both sides.
  void run() override {
    const int64_t rows = src_.n * src_.h, parts = parallel_.threads();
    parallel_.spread(parts, [&](int64_t part) {
      std::byte* workspace = workspace_ + part * bytes_each();
      for (int64_t row = rows * part / parts, last = rows * (part + 1) / parts; row < last;) {
        const int64_t n = row / src_.h, end = std::min(last, (n + 1) * src_.h);
        write_rows(n, row - n * src_.h, end - n * src_.h, workspace);
        row = end;
      }
    });
  }

 private:
  // Positions whose sums are made before they are added: they stay in the first cache.
  static constexpr int64_t kSegment = 16;
  static_assert(kSegment >= Taps::kMaxTogether);

  // The scratch memory of a thread.
  struct Workspace {
    OpenRows open;
    float* sums;      // of a segment's positions, and of some before and behind it
    float** rows;     // that the windows at work cover
    int64_t* ends;    // where the entries of position q begin; [q + 1] where they end
    Entries entries;  // of a row; of a dense one in bfloat16 its numbers, widened
  };
  [[nodiscard]] int64_t sums_bytes() const {
    return (kSegment + 2 * Taps::kMaxTogether) * taps_.pitch() * int64_t{sizeof(float)};
  }
  [[nodiscard]] int64_t bytes_each() const {
    return round_up(open_.bytes() + sums_bytes() + taps_.rows() * int64_t{sizeof(float*)} +
                        (dst_.w + 1) * int64_t{sizeof(int64_t)} + Entries::bytes(dst_.w * dst_.c),
                    64);
  }
  [[nodiscard]] Workspace workspace_at(std::byte* memory) const {
    OpenRows open = open_;
    open.use(reinterpret_cast<float*>(memory));
    auto* sums = reinterpret_cast<float*>(memory + open.bytes());
    auto** rows = reinterpret_cast<float**>(memory + open.bytes() + sums_bytes());
    auto* ends = reinterpret_cast<int64_t*>(rows + taps_.rows());
    return {open, sums + Taps::kMaxTogether * taps_.pitch(), rows, ends,
            Entries(reinterpret_cast<std::byte*>(ends + dst_.w + 1), dst_.w * dst_.c)};
  }

  // Rows [first, last) of image n. Rows are counted from the uppermost one of the padding on.
  void write_rows(int64_t n, int64_t first, int64_t last, std::byte* memory) const {
    const Workspace work = workspace_at(memory);
    const int64_t top = first + window_.pad_top, end = last + window_.pad_top;
    const int64_t first_p = std::max<int64_t>(0, (top - taps_.rows() + window_.stride_h) / window_.stride_h);
    int64_t next = first_p * window_.stride_h;  // the first row that is open
    const auto close_until = [&](int64_t row) {
      for (; next < row; ++next) {
        if (next >= top && next < end) copy_row(work.open.at(next), n, next - window_.pad_top);
        work.open.clear(next);
      }
    };
    for (int64_t row = top; row < std::min(next, end); ++row)
      copy_row(work.open.at(row), n, row - window_.pad_top);  // no window's
    for (int64_t p = first_p; p < dst_.h && p * window_.stride_h < end; ++p) {
      close_until(p * window_.stride_h);
      for (int64_t y = 0; y < taps_.rows(); ++y) work.rows[y] = work.open.at(next + y);
      const Storage* gradient = grad_dst_ + (n * dst_.h + p) * dst_.w * dst_.c;
      if (mostly_nonzero(gradient)) {
        add_dense_row(gradient, work);
      } else {
        add_sparse_row(gradient, work);
      }
    }
    close_until(end);
  }

  // By every fourth position. Either way makes the same bits where weights are finite, so this is about speed alone; but a narrow row
  // has no neighbours to be multiplied together.
  [[nodiscard]] bool mostly_nonzero(const Storage* gradient) const {
    if (dst_.w < kSegment) return false;
    int64_t looked_at = 0, nonzero = 0;
    for (int64_t q = 0; q < dst_.w; q += 4, looked_at += dst_.c) {
      int32_t found = 0;
      for (int64_t k = 0; k < dst_.c; ++k) found += widen(gradient[q * dst_.c + k]) != 0.F ? 1 : 0;
      nonzero += found;
    }
    return static_cast<double>(nonzero) > taps_.dense_above() * static_cast<double>(looked_at);
  }

  void add_sparse_row(const Storage* gradient, const Workspace& work) const {
    work.ends[0] = 0;
    for (int64_t q = 0; q < dst_.w; ++q)
      work.ends[q + 1] = work.entries.add(gradient + q * dst_.c, dst_.c, work.ends[q]);
    each_segment(work, [&](const Taps::Panel& panel, int64_t first, int64_t last) {
      for (int64_t q = first; q < last; ++q)
        taps_.multiply_entries(panel, work.entries, work.ends[q], work.ends[q + 1],
                               work.sums + (q - first) * taps_.pitch());
    });
  }

  // The last positions of a segment are computed together with the next one's first, those of the row with some before them, once more.
  void add_dense_row(const Storage* gradient, const Workspace& work) const {
    const float* row = widened(gradient, work.entries.values);
    each_segment(work, [&](const Taps::Panel& panel, int64_t first, int64_t last) {
      const int64_t together = Taps::positions_together(panel);
      for (int64_t q = first; q < last; q += together) {
        const int64_t from = std::min(q, dst_.w - together);
        taps_.multiply_all(panel, row + from * dst_.c, work.sums + (from - first) * taps_.pitch());
      }
    });
  }

  const float* widened(const Storage* gradient, float* wide) const {
    if constexpr (std::is_same_v<Storage, float>) return gradient;
    for (int64_t i = 0; i < dst_.w * dst_.c; ++i) wide[i] = widen(gradient[i]);
    return wide;
  }

  // multiply(panel, first, last) makes the sums of positions [first, last), one panel of taps at a time: its weights then stay in the
  // first cache.
  template <class Multiply>
  void each_segment(const Workspace& work, const Multiply& multiply) const {
    for (int64_t first = 0; first < dst_.w; first += kSegment) {
      const int64_t last = std::min(first + kSegment, dst_.w);
      for (const Taps::Panel& panel : taps_.panels()) multiply(panel, first, last);
      for (int64_t q = first; q < last; ++q)
        taps_.add(work.sums + (q - first) * taps_.pitch(), work.rows, q * window_.stride_w * src_.c);
    }
  }

  void copy_row(const float* row, int64_t n, int64_t u) const {
    const float* PHOSPHENE_RESTRICT from = row + window_.pad_left * src_.c;
    Storage* PHOSPHENE_RESTRICT to = grad_src_ + (n * src_.h + u) * src_.w * src_.c;
    for (int64_t i = 0; i < src_.w * src_.c; ++i) narrow(from[i], to[i]);
  }

  Shape src_, dst_;
  Window window_;
  Taps taps_;
  OpenRows open_;
  Parallel parallel_;
  const Storage* grad_dst_ = nullptr;
  Storage* grad_src_ = nullptr;
  std::byte* workspace_ = nullptr;
};

}  // namespace

std::string refuse_image_gradient(const ConvolutionBackwardProblem& problem) {
  if (problem.groups != 1) return "there are groups";
  if (problem.window.dilated()) return "the window is dilated";
  if (problem.addend) return "it adds to nothing";
  if (problem.src.c > kMaxChannels) return fmt::format("the source has more than {} channels", kMaxChannels);
  return "";
}

PlannedTask plan_image_gradient(const ConvolutionBackwardProblem& problem, const CpuTeam& team) {
  PlannedTask planned;
  planned.implementation = "image";
  planned.attempts = {{planned.implementation, ""}};
  with_storage(problem.storage, [&](auto storage) {
    auto task = std::make_unique<ImageGradientTask<decltype(storage)>>(problem, team);
    planned.workspace_bytes = task->workspace_bytes();
    account(planned, task->weights());
    planned.task = std::move(task);
  });
  return planned;
}

}  // namespace phosphene
