#include "experiment/dissection/concept_folder.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "experiment/dissection/csv_table.h"
#include "experiment/photos/label_png.h"
#include "experiment/photos/photo_file.h"
#include "tests/experiment/dissection/small_concepts.h"

namespace phosphene::testing::concept_folder_test {
namespace {

namespace fs = std::filesystem;

class ConceptFolderTest : public ::testing::Test {
 protected:
  ConceptFolderTest() { write_small_concepts(folder_, "set", 2); }

  [[nodiscard]] std::string path(const std::string& name) const { return folder_.file("set/" + name); }
  [[nodiscard]] ::testing::AssertionResult refused(const std::vector<std::string>& words) const {
    return refuses([&] { (void)ConceptFolder(folder_.file("set")).read("p0.png", 24, 24, ConceptFolder::Masks::read); },
                   words);
  }

  TemporaryFolder folder_;
};

TEST_F(ConceptFolderTest, ReadsPhotographsMasksAndNames) {
  const ConceptFolder folder(folder_.file("set"));
  ASSERT_EQ(folder.concepts().size(), 2U);
  EXPECT_EQ(folder.concepts()[1].id, 3);
  EXPECT_EQ(folder.concepts()[1].name, "sky, half");
  EXPECT_EQ(folder.categories(), (std::vector<std::string>{"object", "scene"}));
  const LabelledPhotograph read = folder.read("p0.png", 24, 24, ConceptFolder::Masks::read);
  ASSERT_EQ(read.labels.planes.size(), 2U);
  EXPECT_EQ(std::count(read.labels.planes[0].begin(), read.labels.planes[0].end(), 1), 64);
  EXPECT_EQ(std::count(read.labels.planes[1].begin(), read.labels.planes[1].end(), 2), 24 * 12);
  EXPECT_EQ(read.labels.annotated, (std::vector<bool>{true, true}));
  EXPECT_EQ(read.image.dims, (std::vector<int64_t>{1, 3, 24, 24}));
  EXPECT_TRUE(folder.read("p0.png", 24, 24, ConceptFolder::Masks::left_out).labels.planes.empty());
}

// The pixel of a mask is the one whose centre lies nearest: of twice the size each is there four times, of a wide picture the middle.
TEST_F(ConceptFolderTest, MasksAreScaledAndCutAsTheirPhotographs) {
  const ConceptFolder folder(folder_.file("set"));
  const LabelledPhotograph once = folder.read("p0.png", 24, 24, ConceptFolder::Masks::read);
  const LabelledPhotograph twice = folder.read("p0.png", 48, 48, ConceptFolder::Masks::read);
  for (size_t y = 0; y < 48; ++y)
    for (size_t x = 0; x < 48; ++x)
      ASSERT_EQ(twice.labels.planes[0][y * 48 + x], once.labels.planes[0][y / 2 * 24 + x / 2]);

  std::vector<float> wide(3 * 4 * 8, 0), labels(4 * 8, 0);
  for (size_t y = 0; y < 4; ++y) labels[y * 8 + 2] = 7 / 255.F;  // the first column of the middle
  write_png(path("images/wide.png"), wide.data(), 3, 4, 8);
  write_png(path("masks/object/wide.png"), labels.data(), 1, 4, 8);
  const LabelledPhotograph middle = folder.read("wide.png", 4, 4, ConceptFolder::Masks::read);
  for (size_t i = 0; i < 16; ++i) EXPECT_EQ(middle.labels.planes[0][i], i % 4 == 0 ? 1 : 0) << i;
}

TEST_F(ConceptFolderTest, AConceptCountsOnceAtAPixelOfTwoPlanes) {
  fs::create_directory(path("masks/other"));
  fs::copy_file(path("masks/object/p0.png"), path("masks/other/p0.png"));
  const LabelledPhotograph read = ConceptFolder(folder_.file("set")).read("p0.png", 24, 24, ConceptFolder::Masks::read);
  int64_t squares = 0;
  for (const auto& plane : read.labels.planes) squares += std::count(plane.begin(), plane.end(), 1);
  EXPECT_EQ(squares, 64);
}

TEST_F(ConceptFolderTest, ATableSaysWhichCategoriesWereLookedFor) {
  (void)folder_.write("set/annotated.csv", "image,category\np0.png,object\np0.png,scene\np1.png,object\n");
  const ConceptFolder folder(folder_.file("set"));
  EXPECT_EQ(folder.read("p1.png", 24, 24, ConceptFolder::Masks::read).labels.annotated,
            (std::vector<bool>{true, false}));
  (void)folder_.write("set/annotated.csv", "image,category\np0.png,object\n");
  EXPECT_TRUE(refused({"masks/scene/p0.png", "sky, half", "annotated.csv"}));
  (void)folder_.write("set/annotated.csv", "image,category\np1.png,object\n");
  EXPECT_TRUE(refused({"annotated.csv", "says nothing of 'p0.png'"}));
  (void)folder_.write("set/annotated.csv", "image,category\np0.png,objects\n");
  EXPECT_TRUE(refused({"line 2", "did you mean 'object'"}));
  (void)folder_.write("set/annotated.csv", "image,category\nq.png,object\n");
  EXPECT_TRUE(refused({"line 2", "no images/q.png"}));
}

TEST_F(ConceptFolderTest, RefusesWhatDoesNotFit) {
  write_mask(path("masks/object/p0.png"), 24, 12, 7);
  EXPECT_TRUE(refused({"masks/object/p0.png", "12 x 24", "24 x 24"}));
  write_mask(path("masks/object/p0.png"), 24, 24, 8);
  EXPECT_TRUE(refused({"masks/object/p0.png", "label 8", "concepts.csv"}));
  fs::remove(path("masks/object/p0.png"));
  fs::remove(path("masks/scene/p0.png"));
  EXPECT_TRUE(refused({"images/p0.png", "has no mask", "masks/PLANE/p0.png"}));
  fs::copy_file(path("images/p0.png"), path("masks/object/p0.png"));
  EXPECT_TRUE(refused({"masks/object/p0.png", "has colours"}));
  write_mask(path("masks/object/q.png"), 24, 24, 7);
  EXPECT_TRUE(refused({"masks/object/q.png", "has no photograph: expected"}));
  (void)folder_.write("set/masks/object/q.png.txt", "");
  fs::remove(path("masks/object/q.png"));
  EXPECT_TRUE(refused({"q.png.txt", "is not a .png"}));
}

TEST_F(ConceptFolderTest, RefusesFoldersAndTablesThatLackSomething) {
  const auto concepts = [&](const std::string& text) { (void)folder_.write("set/concepts.csv", text); };
  concepts("id,name,category\n7,square,object\n7,circle,object\n");
  EXPECT_TRUE(refused({"concepts.csv: line 3", "'square' already"}));
  concepts("id,name,category\n7,square,object\n8,square,object\n");
  EXPECT_TRUE(refused({"line 3", "another concept called 'square'"}));
  for (const char* id : {"0", "65536", "x", "7.5", "-1"}) {
    concepts(std::string("id,name,category\n") + id + ",square,object\n");
    EXPECT_TRUE(refused({"line 2", "expected an id", id}));
  }
  concepts("id,name\n7,square\n");
  EXPECT_TRUE(refused({"line 1", "id,name,category"}));
  concepts("id,name,category\n7,square\n");
  EXPECT_TRUE(refused({"line 2", "expected 3 cells"}));
  concepts("id,name,category\n7,,object\n");
  EXPECT_TRUE(refused({"line 2", "its name is empty"}));
  concepts("id,name,category\n7,\"square,object\n");
  EXPECT_TRUE(refused({"line 2", "quote"}));
  concepts("id,name,category\n");
  EXPECT_TRUE(refused({"has no rows"}));
  fs::remove(path("concepts.csv"));
  EXPECT_TRUE(refused({"holds no concepts.csv"}));
}

TEST_F(ConceptFolderTest, RefusesEmptyFolders) {
  fs::remove_all(path("masks"));
  EXPECT_TRUE(refused({"holds no folder masks"}));
  fs::create_directory(path("masks"));
  EXPECT_TRUE(refused({"masks", "is empty"}));
  fs::create_directory(path("masks/object"));
  EXPECT_TRUE(refused({"has no mask"}));
  for (const char* name : {"images/p0.png", "images/p1.png"}) fs::remove(path(name));
  EXPECT_TRUE(refused({"contains no photograph"}));
  fs::remove_all(path("images"));
  EXPECT_TRUE(refused({"holds no folder images"}));
}

// Written by Pillow.
std::string png_of(const std::string& header, const std::string& chunks) {
  using namespace std::string_literals;
  return "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"s + header + chunks + "\0\0\0\0IEND\xae\x42\x60\x82"s;
}

TEST(LabelPng, NumbersAreWhatIsStored) {
  const TemporaryFolder folder;
  using namespace std::string_literals;
  const auto labels = [&](const std::string& png) { return read_label_png(folder.write("labels.png", png)).labels; };
  const std::string wide = png_of("\0\0\0\2\0\0\0\1\x10\0\0\0\0\x81\xd9\xfc\x15"s,
                                  "\0\0\0\rIDAT\x78\x9c\x63\x64\x64\xfa\xcf\x08\0\x02\x13\x01\x05\xbe\xd5\xdf\xf4"s);
  EXPECT_EQ(labels(wide), (std::vector<uint16_t>{258, 3})) << "16 bits";
  EXPECT_EQ(labels(png_of("\0\0\0\3\0\0\0\1\2\3\0\0\0\x66\x8e\xfc\x27"s,
                          "\0\0\0\tPLTE\x09\x09\x09\xfa\0\0\0\xfa\0\xff\x4d\x32\x2b"
                          "\0\0\0\nIDAT\x78\x9c\x63\x68\1\0\0\x86\0\x85\xbc\xf5\xcd\xd6"s)),
            (std::vector<uint16_t>{2, 0, 1}))
      << "a palette's indices, of 2 bits";
  EXPECT_EQ(labels(png_of("\0\0\0\3\0\0\0\1\1\0\0\0\0\x33\x9b\x29\x19"s,
                          "\0\0\0\nIDAT\x78\x9c\x63\x58\0\0\0\xa2\0\xa1\xdc\x8d\xb1\xcc"s)),
            (std::vector<uint16_t>{1, 0, 1}))
      << "1 bit";
  EXPECT_TRUE(refuses([&] { labels(wide.substr(0, 50)); }, {"labels.png"}));
  EXPECT_TRUE(refuses([&] { labels("no picture"); }, {"labels.png", "is no PNG"}));
}

}  // namespace
}  // namespace phosphene::testing::concept_folder_test
