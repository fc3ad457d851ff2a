// The grids of kernels/launch_cuda.cuh.
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include "tests/cuda_sim/device.h"

#include "kernels/launch_cuda.cuh"

namespace phosphene::launch_shape_test {
namespace {

TEST(RowsShape, HasEachRowAndColumnAndFewThreadsBeside) {
  for (const int64_t count : {1, 2, 7, 196, 100352}) {
    for (const int chunks : {1, 3, 16, 24, 33, 64, 113, 224, 256, 257, 600, 25000}) {
      const RowsShape shape = shape_of_rows(count, chunks);
      const int64_t rows = int64_t{shape.grid.x} * shape.block.y, columns = int64_t{shape.grid.y} * shape.block.x;
      EXPECT_GE(rows, count) << count << " rows of " << chunks;
      EXPECT_LT(rows, count + shape.block.y);  // a block at most is not full
      EXPECT_GE(columns, chunks);
      EXPECT_LT(columns - chunks, 32 * shape.grid.y) << chunks;  // whole warps, where a row takes several blocks
      EXPECT_LE(shape.block.x * shape.block.y, 256U);
      EXPECT_EQ(shape.grid.z * shape.block.z, 1U);
      // Of narrow rows a block is full but for what is less than a row.
      if (chunks <= 256 && count >= 256) {
        EXPECT_GT(shape.block.x * (shape.block.y + 1), 256U) << chunks;
      }
    }
  }
}

TEST(RowsShape, HasRoomForAsManyRowsAsMemoryHolds) {
  const RowsShape shape = shape_of_rows(int64_t{1} << 31, 16);
  EXPECT_EQ(shape.grid.x, 1U << 27);  // of 2^31 - 1 that a grid may have along x
}

}  // namespace
}  // namespace phosphene::launch_shape_test
