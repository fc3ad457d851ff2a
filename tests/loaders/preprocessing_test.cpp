#include "loaders/model/preprocessing.h"

#include <gtest/gtest.h>

#include "loaders/model/model.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing {
namespace {

TEST(PrepareInput, OrdersScalesAndInterleaves) {
  const Preprocessing preprocessing{{255, 2, -51}, {104, 117, 123}, {2, 1, 0}};
  const HostTensor planar{{1, 3, 1, 2}, {0, 1, 0.2F, 0.4F, 0.6F, 0.8F}};
  const std::vector<float> input = prepare_input(preprocessing, planar);
  const std::vector<float> expected = {0.6F * 255 - 104, 0.2F * 2 - 117, -123,
                                       0.8F * 255 - 104, 0.4F * 2 - 117, -51 - 123};
  ASSERT_EQ(input.size(), expected.size());
  for (size_t i = 0; i < input.size(); ++i) EXPECT_FLOAT_EQ(input[i], expected[i]);
}

TEST(RequirePhotographs, NamesThePlaceAndTheChannels) {
  Model model;
  EXPECT_NO_THROW(require_photographs(model, "net"));
  model.channels = 1;
  EXPECT_TRUE(refuses([&] { require_photographs(model, "net"); }, {"net: ", "1 channels"}));
}

}  // namespace
}  // namespace phosphene::testing
