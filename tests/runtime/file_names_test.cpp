#include "runtime/file_names.h"

#include <gtest/gtest.h>

#include <clocale>

namespace phosphene::file_names_test {
namespace {

TEST(FileName, OfALayerHasNoSeparators) {
  EXPECT_EQ(as_file_name("mixed4a:pre/x y.png"), "mixed4a-pre_x_y.png");
  EXPECT_EQ(as_file_name("tabby, tabby cat"), "tabby__tabby_cat");
}

TEST(FileName, KeepsTheLettersOfEveryLanguage) {
  for (const char* word : {"кошка", "猫", "قط", "γάτα", "고양이", "mèo", "cafe\u0301"})
    EXPECT_EQ(as_file_name(word), word);
  EXPECT_EQ(as_file_name("猫/虎"), "猫_虎");
}

TEST(FileName, LosesWhatSystemsReserveAndWhatIsNoText) {
  EXPECT_EQ(as_chosen_file_name(R"(a/b\c:d*e?f"g<h>i|j)"), "a_b_c-d_e_f_g_h_i_j");
  EXPECT_EQ(as_chosen_file_name("a b, (c)"), "a b, (c)");
  EXPECT_EQ(as_chosen_file_name("a\x1b\n\x7f\u009b\u202e"), "a_____");
  EXPECT_EQ(as_chosen_file_name("caf\xe9"), "caf_");
  EXPECT_EQ(as_file_name("a\u00a0b\u3000c"), "a_b_c") << "spaces of other widths";
}

TEST(FileName, DoesNotDependOnTheLocale) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* locale : {"de_DE.ISO-8859-1", "de_DE", "C", "C.UTF-8", "tr_TR.UTF-8"}) {
    std::setlocale(LC_ALL, locale);  // those that the machine has
    EXPECT_EQ(as_file_name("\xe9I"), "_I");
    EXPECT_EQ(folded_name("TITI"), "titi");
  }
  std::setlocale(LC_ALL, before.c_str());
}

TEST(FileName, IsWholeOnEverySystem) {
  EXPECT_EQ(as_whole_file_name(""), "_");
  EXPECT_EQ(as_whole_file_name(".hidden"), "_hidden");
  EXPECT_EQ(as_whole_file_name("a. ."), "a___");
  for (const char* device : {"CON", "con", "nul", "Aux", "PRN", "com1", "LPT9", "COM\u00b2", "con.v1"})
    EXPECT_EQ(as_whole_file_name(device), std::string("_") + device);
  for (const char* other : {"console", "com", "com10", "conv1", "null", "a.con"})
    EXPECT_EQ(as_whole_file_name(other), other);
}

TEST(FileName, IsCutBetweenCharactersAndStaysDistinct) {
  EXPECT_EQ(as_whole_file_name(std::string(120, 'x')), std::string(120, 'x'));
  std::string cats;
  for (int i = 0; i < 100; ++i) cats += "猫";
  const std::string one = as_whole_file_name(cats + "1"), other = as_whole_file_name(cats + "2");
  EXPECT_NE(one, other);
  for (size_t before = 0; before < 3; ++before) {
    const std::string cut = as_whole_file_name(std::string(before, 'x') + cats);
    EXPECT_LE(cut.size(), 120U) << "with " << before << " bytes in front";
    EXPECT_EQ(as_file_name(cut), cut) << "half a character was left";
  }
  EXPECT_EQ(as_whole_file_name(std::string(300, 'x'), 80).size(), 80U);
}

TEST(FoldedName, IsOneForNamesThatAFileSystemTakesForOne) {
  EXPECT_EQ(folded_name("Conv1"), folded_name("cONV1"));
  EXPECT_EQ(folded_name("Собака"), folded_name("собака"));
  EXPECT_EQ(folded_name("caf\u00e9"), folded_name("cafe\u0301")) << "composed or not";
  EXPECT_EQ(folded_name("CAFE\u0301"), folded_name("caf\u00e9"));
  EXPECT_EQ(folded_name("stra\u00dfe"), folded_name("STRASSE"));
  EXPECT_EQ(folded_name("\u212a"), folded_name("k")) << "the sign of a Kelvin";
  EXPECT_EQ(folded_name("\uac01"), folded_name("\u1100\u1161\u11a8")) << "a syllable of Hangul and its letters";
  EXPECT_EQ(folded_name("\u1ea1\u0302"), folded_name("a\u0302\u0323")) << "marks in another order";
  EXPECT_NE(folded_name("猫"), folded_name("虎"));
  EXPECT_NE(folded_name("caf\u00e9"), folded_name("cafe"));
}

TEST(FileNames, AreDistinctWhateverTheCase) {
  FileNames names;
  EXPECT_EQ(names.take("a"), "a");
  EXPECT_EQ(names.take("A"), "A_2");
  EXPECT_EQ(names.take("a_2"), "a_2_2");
  EXPECT_EQ(names.take("a"), "a_3");
}

}  // namespace
}  // namespace phosphene::file_names_test
