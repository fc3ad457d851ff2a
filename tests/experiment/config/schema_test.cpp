// The two files that are written from the table of keys.
#include "experiment/config/schema.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/temporary_folder.h"

namespace phosphene::testing::schema_test {
namespace {

TEST(Schema, IsInTheFileForEditors) {
  EXPECT_TRUE(contents_of("configs/schema/config.schema.json") == config_schema().dump(2) + "\n")
      << "write it anew: phosphene schema > configs/schema/config.schema.json";
}

TEST(Schema, TheReferenceOfKeysIsInDocs) {
  EXPECT_TRUE(contents_of("docs/config.md") == config_reference())
      << "write it anew: phosphene schema --markdown > docs/config.md";
}

}  // namespace
}  // namespace phosphene::testing::schema_test
