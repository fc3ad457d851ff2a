#include "runtime/cpu/matrix_products.h"

#include <algorithm>
#include <unordered_map>

#include "runtime/cpu/onednn.h"
#include "runtime/cpu/sgemm.h"
#include "runtime/launches/operands.h"

namespace phosphene {
namespace {

using dnnl::memory;

// Rows of a block, decided by the product alone: equal, and few enough for their descriptors not to matter. The smaller the blocks of a
// symmetric product, the less is computed twice.
int64_t block_rows(const MatrixProduct& product) {
  constexpr int64_t kMaxBlocks = 16;
  const int64_t most = product.symmetric ? 64 : 128;
  const int64_t blocks = std::min(kMaxBlocks, (product.m + most - 1) / most);
  return (product.m + blocks - 1) / blocks;
}

// Rows of a product from `row` on; of a symmetric product up to the diagonal.
MatrixProduct block_of(MatrixProduct product, int64_t row) {
  product.m = std::min(block_rows(product), product.m - row);
  product.a += product.transpose_a ? row : row * product.a_pitch;
  product.dst += row * product.dst_pitch;
  if (product.symmetric) product.n = row + product.m;
  return product;
}

std::vector<MatrixProduct> blocks_of(const std::vector<MatrixProduct>& products) {
  std::vector<MatrixProduct> all;
  for (const MatrixProduct& product : products) {
    const int64_t rows = block_rows(product), blocks = (product.m + rows - 1) / rows;
    for (int64_t i = 0; i < blocks; ++i) {
      // Of a symmetric one from both ends: neighbours then make equal work.
      const int64_t at = !product.symmetric ? i : i % 2 == 0 ? i / 2 : blocks - 1 - i / 2;
      all.push_back(block_of(product, at * rows));
    }
  }
  return all;
}

memory::desc matrix_desc(int64_t rows, int64_t columns, int64_t pitch, bool transposed, DType storage) {
  return {{rows, columns}, onednn_type(storage), transposed ? memory::dims{1, pitch} : memory::dims{pitch, 1}};
}

// One block for one thread; blocks of the same shape share their code in oneDNN's cache.
class Block {
 public:
  Block(const MatrixProduct& product, DType storage, DType dst_storage)
      : product_(product), storage_(storage), dst_storage_(dst_storage) {
    const MatrixProduct& p = product_;
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    const dnnl::matmul::desc desc(matrix_desc(p.m, p.k, p.a_pitch, p.transpose_a, storage),
                                  matrix_desc(p.k, p.n, p.b_pitch, p.transpose_b, storage),
                                  matrix_desc(p.m, p.n, p.dst_pitch, false, dst_storage));
    desc_ = dnnl::matmul::primitive_desc(desc, attributes, onednn_engine());
    primitive_ = dnnl::matmul(desc_);
  }

  [[nodiscard]] std::string implementation() const { return desc_.impl_info_str(); }
  [[nodiscard]] int64_t workspace_bytes() const { return onednn_bytes(desc_.scratchpad_desc()); }

  void bind(std::span<std::byte* const> operands, std::byte* workspace) {
    const auto at = [](const memory::desc& desc, std::byte* data) { return memory(desc, onednn_engine(), data); };
    const MatrixProduct& p = product_;
    dst_ = operands[2] + p.dst * size_of(dst_storage_);
    arguments_ = {{DNNL_ARG_SRC, at(desc_.src_desc(), operands[0] + p.a * size_of(storage_))},
                  {DNNL_ARG_WEIGHTS, at(desc_.weights_desc(), operands[1] + p.b * size_of(storage_))},
                  {DNNL_ARG_DST, at(desc_.dst_desc(), dst_)},
                  {DNNL_ARG_SCRATCHPAD, at(desc_.scratchpad_desc(), workspace)}};
  }

  void run() const {
    primitive_.execute(onednn_stream(), arguments_);
    if (product_.symmetric) {
      with_storage(dst_storage_, [this](auto storage) { mirror(reinterpret_cast<decltype(storage)*>(dst_)); });
    }
  }

 private:
  // What stands before the diagonal's block, to where it stands transposed; and half of that block, whose two halves the library need not
  // sum in one order.
  template <class T>
  void mirror(const T* PHOSPHENE_RESTRICT from) const {
    const MatrixProduct& p = product_;
    const int64_t row = p.n - p.m;
    T* PHOSPHENE_RESTRICT to = reinterpret_cast<T*>(dst_) - row * p.dst_pitch + row;
    constexpr int64_t kTogether =
        16;  // columns: a cache line of each row that is read, lines that stay at hand for those written
    for (int64_t first = 0; first < row; first += kTogether)
      for (int64_t i = 0; i < p.m; ++i)
        for (int64_t j = first; j < std::min(first + kTogether, row); ++j)
          to[j * p.dst_pitch + i] = from[i * p.dst_pitch + j];
    for (int64_t i = 1; i < p.m; ++i)
      for (int64_t j = 0; j < i; ++j) to[(row + j) * p.dst_pitch + i] = from[i * p.dst_pitch + row + j];
  }

  MatrixProduct product_;
  DType storage_, dst_storage_;
  dnnl::matmul::primitive_desc desc_;
  dnnl::matmul primitive_;
  std::byte* dst_ = nullptr;
  std::unordered_map<int, memory> arguments_;
};

class MatrixProductsTask final : public Task {
 public:
  MatrixProductsTask(std::vector<Block> blocks, const Parallel& parallel)
      : blocks_(std::move(blocks)), parallel_(parallel) {
    for (const Block& block : blocks_) bytes_each_ = std::max(bytes_each_, block.workspace_bytes());
  }

  [[nodiscard]] int64_t workspace_bytes() const { return parallel_.threads() * bytes_each_; }

  void bind(std::span<std::byte* const> operands, std::byte* workspace) override {
    for (int64_t part = 0; part < parallel_.threads(); ++part) {
      for (Block& block : blocks_of_part(part)) block.bind(operands, workspace + part * bytes_each_);
    }
  }

  void run() override {
    parallel_.spread(parallel_.threads(), [this](int64_t part) {
      for (const Block& block : blocks_of_part(part)) block.run();
    });
  }

 private:
  std::span<Block> blocks_of_part(int64_t part) {
    const int64_t count = std::ssize(blocks_), parts = parallel_.threads();
    return {blocks_.begin() + count * part / parts, blocks_.begin() + count * (part + 1) / parts};
  }

  std::vector<Block> blocks_;
  Parallel parallel_;
  int64_t bytes_each_ = 0;
};

}  // namespace

PlannedTask plan_matrix_products(const MatrixProductsProblem& problem, const Parallel& parallel,
                                 const std::string& where) {
  std::vector<Block> blocks;
  PlannedTask planned;
  onednn_checked(where, [&] {
    parallel.alone([&] {
      for (const MatrixProduct& product : blocks_of(problem.products))
        blocks.emplace_back(product, problem.storage, problem.dst_storage);
    });
  });
  for (const Block& block : blocks) {
    planned.implementation = "onednn matmul " + block.implementation();
    const OnednnKind kind = onednn_kind(block.implementation());
    if (kind == OnednnKind::reference)
      fail_internal(where, "no fast matrix product; oneDNN has only {}", block.implementation());
    if (kind == OnednnKind::gemm) prepare_gemm();
  }
  planned.attempts = {{planned.implementation, ""}};
  auto task = std::make_unique<MatrixProductsTask>(std::move(blocks), parallel);
  planned.workspace_bytes = task->workspace_bytes();
  planned.task = std::move(task);
  return planned;
}

}  // namespace phosphene
