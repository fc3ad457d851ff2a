// Numbers in files beside the .onnx.
#include <filesystem>
#include <fstream>

#include "loaders/onnx/onnx_file.h"
#include "tests/loaders/small_onnx.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::onnx_external_test {
namespace {

namespace fs = std::filesystem;
using Entries = std::vector<std::pair<std::string, std::string>>;

class OnnxExternal : public ::testing::Test {
 protected:
  OnnxExternal() {
    fs::create_directories(folder_.path() / "net" / "data");
    const std::vector<float> numbers = {1, 2, 3, 4, 5};
    const std::string bytes(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float));
    for (const char* place : {"outside", "net/weights", "net/data/weights"})
      static_cast<void>(folder_.write(place, bytes));
    static_cast<void>(folder_.write("net/odd", "x" + bytes));
    fs::create_symlink("../outside", folder_.path() / "net" / "out");
    fs::create_symlink("..", folder_.path() / "net" / "up");
    fs::create_symlink("data/weights", folder_.path() / "net" / "in");
  }

  // A network that adds three numbers described by `entries`.
  template <class Change>
  source::Network read(const Entries& entries, Change change) const {
    SmallOnnx file;
    file.node("Add", {"x", "k"}, {"y"});
    onnx::TensorProto& tensor = file.initializer("k", {3, 1}, std::vector<float>{});
    tensor.clear_raw_data();
    tensor.set_data_location(1);
    for (const auto& [key, value] : entries) {
      tensor.add_external_data()->set_key(key);
      tensor.mutable_external_data(tensor.external_data_size() - 1)->set_value(value);
    }
    change(tensor);
    return read_onnx(folder_.write("net/net.onnx", file.bytes()));
  }
  source::Network read(const Entries& entries) const {
    return read(entries, [](onnx::TensorProto&) {});
  }
  [[nodiscard]] ::testing::AssertionResult refused(const Entries& entries,
                                                   const std::vector<std::string>& words) const {
    return refuses([&] { read(entries); }, words);
  }
  TemporaryFolder folder_;
};

TEST_F(OnnxExternal, NumbersAreReadWhereTheyLie) {
  const source::Network network =
      read({{"location", "weights"}, {"offset", "4"}, {"length", "12"}, {"checksum", "of no interest"}});
  EXPECT_EQ(numbers_of(network.constants.at("k")), (std::vector<float>{2, 3, 4}));
  ASSERT_NE(network.file, nullptr);
  EXPECT_EQ(reinterpret_cast<const std::byte*>(network.constants.at("k").numbers.data),
            network.file->bytes().data() + 4);
  EXPECT_EQ(numbers_of(read({{"location", "data/weights"}}).constants.at("k")), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(numbers_of(read({{"location", "in"}}).constants.at("k")), (std::vector<float>{1, 2, 3}))
      << "a link that stays inside";
  EXPECT_EQ(numbers_of(read({{"location", "odd"}, {"offset", "1"}}).constants.at("k")), (std::vector<float>{1, 2, 3}))
      << "where no float may lie";
}

TEST_F(OnnxExternal, OtherFoldersAreNotTouched) {
  for (const std::string& location : {(folder_.path() / "outside").string(), std::string("../outside"),
                                      std::string("data/../../outside"), std::string("/etc/passwd"), std::string("..")})
    EXPECT_TRUE(refused({{"location", location}}, {"'k'", "expected a file inside the folder"})) << location;
  EXPECT_TRUE(refused({{"location", "out"}}, {"'k'", "link"}));
  EXPECT_TRUE(refused({{"location", "up/outside"}}, {"'k'", "link"}));
  EXPECT_TRUE(refused({{"location", ""}}, {"'k'", "folder"}));
  EXPECT_TRUE(refused({{"location", "data"}}, {"folder"}));
  EXPECT_TRUE(refused({{"location", "none"}}, {"'k'", "'none'"}));
  EXPECT_TRUE(refused({{"location", std::string("weights\0x", 9)}}, {"'k'", "text"}));
}

TEST_F(OnnxExternal, SizesMustFit) {
  EXPECT_TRUE(refused({{"location", "weights"}, {"offset", "12"}}, {"'k'", "end", "20 bytes"}));
  EXPECT_TRUE(refused({{"location", "weights"}, {"offset", "18446744073709551615"}}, {"'k'", "end"}));
  EXPECT_TRUE(refused({{"location", "weights"}, {"length", "16"}}, {"'k'", "16 bytes", "expected 12"}));
  for (const char* odd : {"-4", "x", "", "4 ", "18446744073709551616", "0x4"})
    EXPECT_TRUE(refused({{"location", "weights"}, {"offset", odd}}, {"'k'", "offset"})) << odd;
  EXPECT_TRUE(
      refused({{"location", "weights"}, {"locations", "w"}}, {"'k'", "'locations'", "did you mean 'location'"}));
  EXPECT_TRUE(refused({{"location", "weights"}, {"location", "in"}}, {"'k'", "twice"}));
  EXPECT_TRUE(refused({{"offset", "0"}}, {"'k'", "location"}));
}

TEST_F(OnnxExternal, NumbersStandInOnePlace) {
  const Entries good = {{"location", "weights"}};
  EXPECT_TRUE(
      refuses([&] { read(good, [](onnx::TensorProto& tensor) { tensor.set_raw_data("abcd"); }); }, {"'k'", "twice"}));
  EXPECT_TRUE(
      refuses([&] { read(good, [](onnx::TensorProto& tensor) { tensor.add_float_data(1); }); }, {"'k'", "twice"}));
  EXPECT_TRUE(refuses([&] { read(good, [](onnx::TensorProto& tensor) { tensor.clear_data_location(); }); },
                      {"'k'", "data_location"}));
  EXPECT_TRUE(refuses([&] { read(good, [](onnx::TensorProto& tensor) { tensor.set_data_location(2); }); },
                      {"'k'", "data_location"}));
  EXPECT_TRUE(
      refuses([&] { read(good, [](onnx::TensorProto& tensor) { tensor.set_dims(0, int64_t{1} << 59); }); }, {"'k'"}));
  EXPECT_EQ(numbers_of(read(good, [](onnx::TensorProto& tensor) { tensor.set_raw_data(""); }).constants.at("k")).size(),
            3U);
}

}  // namespace
}  // namespace phosphene::testing::onnx_external_test
