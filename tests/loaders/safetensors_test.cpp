#include "loaders/safetensors.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "tests/support/temporary_folder.h"

namespace phosphene::testing {
namespace {

// A file with this header and this many bytes of data.
std::string file_of(const std::string& header, const std::string& data) {
  const uint64_t length = header.size();
  std::string contents(sizeof(length), '\0');
  std::memcpy(contents.data(), &length, sizeof(length));
  return contents + header + data;
}

class SafetensorsTest : public ::testing::Test {
 protected:
  Safetensors open(const std::string& header, const std::string& data) {
    return Safetensors::open(folder_.write("t.safetensors", file_of(header, data)));
  }
  ::testing::AssertionResult refused(const std::string& header, const std::string& data,
                                     const std::vector<std::string>& words) {
    return refuses([&] { open(header, data); }, words);
  }
  TemporaryFolder folder_;
};

TEST_F(SafetensorsTest, RoundTrip) {
  const std::vector<float> odd{1, 2, 3}, even{-1, 0.5F, std::numeric_limits<float>::infinity(), 0x1p-149F};
  const std::string path = folder_.file("round.safetensors");
  write_safetensors(path, {{"odd", {3}, odd}, {"even", {2, 2}, even}, {"none", {0, 4}, {}}},
                    {{"about", "a \"test\"\n"}});
  const Safetensors file = Safetensors::open(path);
  EXPECT_EQ(file.metadata().at("about"), "a \"test\"\n");
  EXPECT_EQ(file.tensor("odd").data, odd);
  EXPECT_EQ(file.tensor("even").data, even);
  EXPECT_EQ(file.tensor("even").dims, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(file.entry("none").elements(), 0);
  EXPECT_EQ(file.entries().size(), 3U);
  const Weights weights = file.weights("even");
  EXPECT_EQ(reinterpret_cast<uintptr_t>(weights.data) % 16, 0U);
  EXPECT_EQ(reinterpret_cast<const std::byte*>(weights.data), file.entry("even").bytes.data()) << "copied, not mapped";
}

TEST_F(SafetensorsTest, WeightsOutliveTheFile) {
  const std::vector<float> numbers{1, 2, 3, 4};
  const std::string path = folder_.file("round.safetensors");
  write_safetensors(path, {{"w", {4}, numbers}});
  const Weights weights = Safetensors::open(path).weights("w");
  std::filesystem::remove(path);
  EXPECT_EQ(std::vector<float>(weights.data, weights.data + 4), numbers);
}

TEST_F(SafetensorsTest, ConvertsOtherPrecisions) {
  // 1, -2, the smallest half, infinity; 1, -2 in bfloat16; 0.5 in float64.
  const std::string data("\x00\x3C\x00\xC0\x01\x00\x00\x7C\x80\x3F\x00\xC0\x00\x00\x00\x00\x00\x00\xE0\x3F", 20);
  const Safetensors file = open(
      R"({"h":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[8,12]},)"
      R"("d":{"dtype":"F64","shape":[],"data_offsets":[12,20]}})",
      data);
  EXPECT_EQ(file.tensor("h").data, (std::vector<float>{1, -2, 0x1p-24F, std::numeric_limits<float>::infinity()}));
  EXPECT_EQ(file.tensor("b").data, (std::vector<float>{1, -2}));
  EXPECT_EQ(file.weights("d").data[0], 0.5F);
}

// Every half there is, against the format's definition: 1 bit of sign, 5 of exponent, 10 of mantissa.
TEST_F(SafetensorsTest, WidensEveryHalf) {
  std::string data(size_t{2} << 16, '\0');
  for (size_t bits = 0; bits < data.size() / 2; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    std::memcpy(data.data() + 2 * bits, &half, sizeof(half));
  }
  const HostTensor halves =
      open(R"({"h":{"dtype":"F16","shape":[65536],"data_offsets":[0,131072]}})", data).tensor("h");
  for (int bits = 0; bits < 65536; ++bits) {
    const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
    const double sign = bits < 32768 ? 1 : -1;
    const double size = exponent == 31  ? (mantissa == 0 ? std::numeric_limits<double>::infinity() : std::nan(""))
                        : exponent == 0 ? std::ldexp(mantissa, -24)
                                        : std::ldexp(1024 + mantissa, exponent - 25);
    const float actual = halves.data[static_cast<size_t>(bits)];
    EXPECT_EQ(std::signbit(actual), sign < 0) << bits;
    if (std::isnan(size)) {
      EXPECT_TRUE(std::isnan(actual)) << bits;
    } else {
      EXPECT_EQ(actual, sign * size) << bits;
    }
  }
}

TEST_F(SafetensorsTest, ConvertsUnalignedNumbers) {
  const std::string data("\x7F\x00\x00\x80\x3F", 5);
  const Safetensors file = open(
      R"({"i":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},"f":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})",
      data);
  EXPECT_EQ(file.weights("f").data[0], 1);
  EXPECT_TRUE(refuses([&] { return file.tensor("i"); }, {"'i'", "I8"}));
}

TEST_F(SafetensorsTest, NamesTheNearestTensor) {
  const Safetensors file = open(R"({"weights":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "x");
  EXPECT_TRUE(refuses([&] { return file.tensor("weight"); }, {"weight", "did you mean 'weights'"}));
}

TEST_F(SafetensorsTest, RefusesADamagedHeader) {
  EXPECT_TRUE(refuses([&] { Safetensors::open(folder_.write("t.safetensors", "")); }, {"t.safetensors", "empty"}));
  EXPECT_TRUE(refuses([&] { Safetensors::open(folder_.write("t.safetensors", "short")); }, {"truncated"}));
  EXPECT_TRUE(
      refuses([&] { Safetensors::open(folder_.write("t.safetensors", std::string(64, '\xFF'))); }, {"truncated"}));
  EXPECT_TRUE(refused("{", "", {"JSON"}));
  EXPECT_TRUE(refused("[]", "", {"object"}));
  EXPECT_TRUE(refused(R"({"w":1})", "", {"'w'"}));
  EXPECT_TRUE(refused(R"({"w":{"dtype":"F32","shape":[1]}})", "", {"'w'", "data_offsets"}));
  EXPECT_TRUE(refused(R"({"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "1234", {"'w'", "shape"}));
  EXPECT_TRUE(refused(R"({"w":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}})", "1234", {"'w'", "F33"}));
  EXPECT_TRUE(refused(R"({"__metadata__":{"a":1}})", "", {"'a'"}));
  EXPECT_TRUE(refused(R"({"w":[[[[1]]]]})", "", {"deep"}));
  EXPECT_TRUE(refused(std::string(5 << 20, '['), "", {"deep"}));
  EXPECT_TRUE(refused(std::string(10001, '{'), "", {"more than 10000 tensors"}));
  EXPECT_TRUE(refused(
      R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
      "1", {"'w'", "twice"}));
  EXPECT_TRUE(
      refused(R"({"w":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}})", "1", {"'dtype'", "twice"}));
}

TEST_F(SafetensorsTest, RefusesSpansThatAreNotTheShapes) {
  EXPECT_TRUE(
      refused(R"({"w":{"dtype":"F32","shape":[5],"data_offsets":[0,16]}})", std::string(16, 'x'), {"'w'", "20", "16"}));
  EXPECT_TRUE(refused(R"({"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", std::string(15, 'x'),
                      {"'w'", "truncated"}));
  EXPECT_TRUE(
      refused(R"({"w":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}})", std::string(16, 'x'), {"'w'", "range"}));
  EXPECT_TRUE(
      refused(R"({"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", "", {"'w'", "shape"}));
  EXPECT_TRUE(
      refused(R"({"w":{"dtype":"U8","shape":[18446744073709551615,0],"data_offsets":[0,0]}})", "", {"'w'", "shape"}));
  EXPECT_TRUE(refused(
      R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[3],"data_offsets":[3,6]}})",
      "123456", {"'a'", "'b'", "overlap"}));
}

TEST_F(SafetensorsTest, RefusesWhatIsNoFile) {
  EXPECT_TRUE(refuses([&] { Safetensors::open(folder_.path().string()); }, {"folder"}));
  EXPECT_TRUE(refuses([&] { Safetensors::open(folder_.file("missing")); }, {"missing", "No such file"}));
  const std::string pipe = folder_.file("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), S_IRUSR | S_IWUSR), 0);
  EXPECT_TRUE(refuses([&] { Safetensors::open(pipe); }, {"not a regular file"}));
}

TEST_F(SafetensorsTest, WritesAWholeFileOrNone) {
  const std::vector<float> numbers(4);
  EXPECT_TRUE(refuses(
      [&] {
        write_safetensors(folder_.file("missing/w.safetensors"), {{"w", {4}, numbers}});
      },
      {"missing", "No such file"}));
  std::filesystem::create_directory(folder_.file("taken"));
  EXPECT_TRUE(refuses(
      [&] {
        write_safetensors(folder_.file("taken"), {{"w", {4}, numbers}});
      },
      {"taken", "cannot be written"}));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1)
      << "a temporary file was left behind";
  EXPECT_THROW(write_safetensors(folder_.file("w"), {{"w", {4}, numbers}, {"w", {4}, numbers}}), Error);
}

TEST_F(SafetensorsTest, SurvivesAnyDamage) {
  const std::vector<float> numbers{1, 2, 3, 4, 5};
  const std::string path = folder_.file("w.safetensors");
  write_safetensors(path, {{"a", {5}, numbers}, {"b", {2, 2}, std::span(numbers).first(4)}}, {{"about", "damage"}});
  read_damaged(contents_of(path), path, 1000, [&] {
    const Safetensors file = Safetensors::open(path);
    for (const auto& [name, entry] : file.entries()) (void)file.tensor(name);
  });
}

}  // namespace
}  // namespace phosphene::testing
