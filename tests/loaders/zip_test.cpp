#include "loaders/zip.h"

#include <cstring>
#include <functional>

#include "tests/loaders/small_archives.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing {
namespace {

constexpr uint64_t kMost = 1 << 20;

std::string text_in(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

::testing::AssertionResult refuses_zip(const std::string& archive, const std::vector<std::string>& words) {
  std::vector<std::string> all = {"a.zip"};
  all.insert(all.end(), words.begin(), words.end());
  return refuses(
      [&] {
        const Zip zip = Zip::open("a.zip", bytes_in(archive));
        for (const ZipEntry& entry : zip.entries()) (void)zip.read(entry, kMost);
      },
      all);
}

const std::string& repeated() {
  static const std::string text = [] {
    std::string words;
    for (int i = 0; i < 12; ++i) words += "one two ";
    return words;
  }();
  return text;
}

// Written by Python 3.11's zipfile.
TEST(Zip, ReadsWhatPythonWrote) {
  const std::string archive = from_hex(
      "504b030414000000000000002100478066e61f0000001f00000009000000612f6f6e652e7478746f6e652074776f206f6e652074776f206f"
      "6e652074776f20"
      "6f6e652074776f504b0304140000000800000021009439f5c10d000000600000000100000062cbcf4b552829cf57c8a7110d00504b030414"
      "000000000000002"
      "10000000000000000000000000005000000656d707479504b0102140314000000000000002100478066e61f0000001f00000009000000000"
      "000000000000080"
      "0100000000612f6f6e652e747874504b01021403140000000800000021009439f5c10d000000600000000100000000000000000000008001"
      "4600000062504b0"
      "102140314000000000000002100000000000000000000000000050000000000000000000000800172000000656d707479504b05060000000"
      "003000300990000"
      "00950000000000");
  const Zip zip = Zip::open("a.zip", bytes_in(archive));
  ASSERT_EQ(zip.entries().size(), 3U);
  EXPECT_EQ(zip.entries()[0].name, "a/one.txt");
  EXPECT_EQ(text_in(zip.stored(*zip.find("a/one.txt"))), "one two one two one two one two");
  EXPECT_EQ(text_in(zip.read(*zip.find("b"), kMost)), repeated());
  EXPECT_EQ(zip.find("empty")->size, 0U);
  EXPECT_EQ(zip.find("missing"), nullptr);
  EXPECT_TRUE(refuses([&] { (void)zip.stored(*zip.find("b")); }, {"a.zip", "'b'", "deflated"}));
}

TEST(Zip, ReadsSizesOf64Bits) {
  for (const bool wide : {false, true}) {
    const std::string archive = zip_of({{"x/one", "1"}, {"x/packed", repeated(), true}, {"x/two", "22"}}, wide);
    const Zip zip = Zip::open("a.zip", bytes_in(archive));
    ASSERT_EQ(zip.entries().size(), 3U);
    EXPECT_EQ(text_in(zip.stored(*zip.find("x/two"))), "22");
    EXPECT_EQ(text_in(zip.read(*zip.find("x/packed"), kMost)), repeated());
  }
}

TEST(Zip, RefusesWhatIsCutOff) {
  for (const bool wide : {false, true}) {
    const std::string archive = zip_of({{"one", "1"}, {"two", repeated(), true}}, wide);
    for (size_t size = 0; size < archive.size(); ++size)
      EXPECT_TRUE(refuses_zip(archive.substr(0, size), {"truncated"})) << size;
    EXPECT_TRUE(refuses_zip(archive + "x", {"truncated"}));
  }
}

// Offsets within an archive of one entry "one" that holds "1": its local header at 0, the directory's at 34, the end at 83.
TEST(Zip, RefusesWhatIsNotReadOrLies) {
  const std::string good = zip_of({{"one", "1"}});
  ASSERT_EQ(good.substr(34, 4), "PK\1\2");
  ASSERT_EQ(good.substr(83, 4), "PK\5\6");
  const auto with = [&](size_t at, const std::string& bytes, size_t local = 0) {
    std::string archive = good;
    archive.replace(34 + at, bytes.size(), bytes);
    if (local != 0) archive.replace(local, bytes.size(), bytes);
    return archive;
  };
  ASSERT_TRUE(!refuses_zip(good, {}));
  EXPECT_TRUE(refuses_zip(with(8, "\1", 6), {"'one'", "encrypted"}));
  EXPECT_TRUE(refuses_zip(with(10, "\x0C", 8), {"'one'", "method 12"}));
  EXPECT_TRUE(refuses_zip(with(16, "x", 14), {"'one'", "checksum"}));
  EXPECT_TRUE(refuses_zip(with(16, "x"), {"'one'", "differs"}));
  EXPECT_TRUE(refuses_zip(with(24, "\2", 22), {"'one'", "1 bytes for 2"}));
  EXPECT_TRUE(refuses_zip(with(42, "\1"), {"'one'", "no header at 1"}));
  EXPECT_TRUE(refuses_zip(with(42, "\xFF\xFF\xFF\x7F"), {"'one'", "no header"}));
  EXPECT_TRUE(refuses_zip(with(42, "\xFF\xFF\xFF\xFF"), {"'one'", "64 bits"}));
  EXPECT_TRUE(refuses_zip(with(46, "O"), {"differs"}));
  EXPECT_TRUE(refuses_zip(with(20, std::string("\xF0\xF0\0\0\xF0\xF0\0\0", 8)), {"'one'"}));
  EXPECT_TRUE(refuses_zip(with(49 + 10, "\2"), {"several"}));
  EXPECT_TRUE(refuses_zip(with(49 + 8, std::string("\2\0\2", 3)), {"2 entries"}));
  EXPECT_TRUE(refuses_zip(with(49 + 8, std::string("\0\0\0\0", 4)), {"more than its 0"}));
  EXPECT_TRUE(refuses_zip(with(49 + 12, "\x30"), {"does not end"}));
  EXPECT_TRUE(refuses_zip(zip_of({{"one", "1"}, {"one", "2"}}), {"two entries", "'one'"}));
}

// One entry's bytes that hold another entry.
TEST(Zip, RefusesOverlaps) {
  const std::string inner = zip_of({{"in", "22"}});
  std::string archive = zip_of({{"out", inner.substr(0, 34)}, {"in", "22"}});
  const std::string header = archive.substr(archive.size() - 22 - 48, 48);
  ASSERT_EQ(header.substr(46), "in");
  archive.replace(archive.size() - 22 - 48 + 42, 1, "\x21");  // the header within "out", at 30 + 3
  EXPECT_TRUE(refuses_zip(archive, {"'out'", "'in'", "overlap"}));
}

TEST(Zip, TakesNoMemoryForALie) {
  std::string archive = zip_of({{"big", std::string(1 << 20, 'x'), true}});
  const size_t directory = archive.find("PK\1\2");
  const Zip zip = Zip::open("a.zip", bytes_in(archive));
  EXPECT_TRUE(refuses([&] { (void)zip.read(zip.entries()[0], (1 << 20) - 1); }, {"'big'", "at most"}));
  for (const size_t at : {size_t{22}, directory + 24}) archive.replace(at, 4, "\xFF\xFF\xFF\x3F");
  const Zip lie = Zip::open("a.zip", bytes_in(archive));
  EXPECT_TRUE(refuses([&] { (void)lie.read(lie.entries()[0], uint64_t{1} << 40); }, {"'big'", "claims"}));
}

// Every byte of an archive changed in three ways: it is refused, or nothing that matters has changed.
TEST(Zip, NoticesAnyDamage) {
  const std::vector<ZipItem> items = {{"one", "1234567"}, {"two", repeated(), true}};
  for (const bool wide : {false, true}) {
    const std::string archive = zip_of(items, wide);
    int refused = 0;
    for (size_t at = 0; at < archive.size(); ++at) {
      for (const int mask : {0x01, 0x80, 0xFF}) {
        std::string damaged = archive;
        damaged[at] = static_cast<char>(damaged[at] ^ mask);
        try {
          const Zip zip = Zip::open("a.zip", bytes_in(damaged));
          ASSERT_EQ(zip.entries().size(), items.size()) << at;
          for (size_t i = 0; i < items.size(); ++i) {
            const std::string text = text_in(zip.read(zip.entries()[i], kMost));
            EXPECT_EQ(zip.entries()[i].name, items[i].name) << at;
            EXPECT_EQ(text, items[i].data) << at;
          }
        } catch (const Error& error) {
          EXPECT_EQ(error.blame(), Blame::user) << error.what();
          ++refused;
        }
      }
    }
    EXPECT_GT(refused, static_cast<int>(archive.size()));
  }
}

}  // namespace
}  // namespace phosphene::testing
