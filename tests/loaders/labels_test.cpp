#include "loaders/labels.h"

#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::labels_test {
namespace {

using Names = std::vector<std::string>;

class LabelFiles : public ::testing::Test {
 protected:
  Labels read(const std::string& contents, const std::string& name = "labels.txt", int64_t classes = 0) {
    return read_labels(folder_.write(name, contents), classes);
  }
  void expect(const std::string& contents, const Names& names, const Names& dropped,
              const std::string& name = "labels.txt", int64_t classes = 0) {
    SCOPED_TRACE(contents);
    Labels labels;
    ASSERT_NO_THROW(labels = read(contents, name, classes));
    EXPECT_EQ(labels.names, names);
    EXPECT_EQ(labels.dropped, dropped);
  }
  void refused(const std::string& contents, std::vector<std::string> words, const std::string& name = "labels.txt",
               int64_t classes = 0) {
    words.push_back(name);
    EXPECT_TRUE(refuses([&] { read(contents, name, classes); }, words)) << contents;
  }
  TemporaryFolder folder_;
};

const Names kFish = {"tench, Tinca tinca", "goldfish"}, kThree = {"tench", "goldfish", "7up"};

TEST_F(LabelFiles, NamesAlone) {
  expect("tench, Tinca tinca\ngoldfish\n\n", kFish, {});
  expect("\xEF\xBB\xBF tench, Tinca tinca \r\ngoldfish\r\n", kFish, {});
  expect("0\n1\n2\n", {"0", "1", "2"}, {});
  expect("7up\n8 of hearts\nthree\n", {"7up", "8 of hearts", "three"}, {});
  refused("tench\n\ngoldfish\n", {"line 2 is empty"});
  refused("\n\n", {"no labels"});
}

TEST_F(LabelFiles, AnIndexColumn) {
  for (const char* form :
       {"0 tench\n1 goldfish\n2 7up\n", "0: tench\n1: goldfish\n2: 7up\n", "0,tench\n1,goldfish\n2,7up\n",
        "0\ttench\n1\tgoldfish\n2\t7up\n", "0. tench\n1. goldfish\n2. 7up\n", "000 tench\n001 goldfish\n002 7up"})
    expect(form, kThree, {"an index column"});
  expect("1: tench\n2: goldfish\n3: 7up\n", kThree, {"an index column that counts from 1"});
  expect("0,tench, Tinca tinca\n1,goldfish\n", kFish, {"an index column"});
}

TEST_F(LabelFiles, AFaultyIndexIsNoName) {
  refused("0 tench\n1 goldfish\n3 shark\n", {"line 3 begins with 3, where 2 would follow"});
  refused("0: tench\n1: goldfish\n1: shark\n", {"line 3 begins with 1, where 2"});
  refused("0: tench\ngoldfish\n2: shark\n3: ray\n", {"line 2 begins with no number, where 1"});
  refused("1: tench\n0: goldfish\n", {"line 2 begins with 0"});
  refused("5: tench\n6: goldfish\n7: shark\n", {"count from 5"});
}

TEST_F(LabelFiles, ASynsetColumn) {
  expect("n01440764 tench, Tinca tinca\nn01443537 goldfish\n", kFish, {"a synset column"});
  expect("n01440764 tench, Tinca tinca\ngoldfish\n", kFish, {"the synsets of 1 lines"});
  expect("n01440764\nn01443537\n", {"n01440764", "n01443537"}, {});
  expect("0 n01440764 tench\n1 n01443537 goldfish\n", {"tench", "goldfish"}, {"an index column", "a synset column"});
  expect("n02119789 1 kit_fox\nn02100735 2 English_setter\n", {"kit_fox", "English_setter"},
         {"a synset column", "an index column that counts from 1"});
}

TEST_F(LabelFiles, Tables) {
  expect("index,label\n0,\"tench, Tinca tinca\"\n1,goldfish\n", kFish, {"an index column", "a header"});
  expect("0,\"tench, Tinca tinca\"\n1,goldfish\n", kFish, {"an index column"});
  expect("\"tench, Tinca tinca\"\n\"goldfish\"\n", kFish, {});
  expect("label\ntench\ngoldfish\n", {"tench", "goldfish"}, {"a header"}, "labels.csv");
  expect("class\ntench\n", {"class", "tench"}, {}, "labels.csv", 2);
  expect("Id;Species\n0;\"the \"\"big\"\" one\"\n1;small\n", {"the \"big\" one", "small"},
         {"an index column", "a header"}, "labels.csv");
  expect("wnid\tid\tname\nn01440764\t0\ttench\nn01443537\t1\tgoldfish\n", {"tench", "goldfish"},
         {"a synset column", "an index column", "a header"}, "labels.tsv");
  expect("id,name,colour\n0,tench,green\n1,goldfish,red\n", {"tench", "goldfish"},
         {"an index column", "other columns", "a header"}, "labels.csv");
  expect("goldfish,0\ntench,1\n", {"goldfish", "tench"}, {"an index column"}, "labels.csv");
  refused("0,tench,green\n1,goldfish,red\n", {"column 2", "column 3", "keep one"}, "labels.csv");
  refused("0,tench, Tinca tinca\n1,goldfish\n", {"line 2 has 2 columns, but the first 3", "quotes"}, "labels.csv");
  refused("id,name\n0,tench\n2,goldfish\n", {"column 'id'", "do not count"}, "labels.csv");
  refused("0,\"tench\n1,goldfish\n", {"line 1", "quote"});
}

TEST_F(LabelFiles, Json) {
  expect(R"(["tench, Tinca tinca", "goldfish"])", kFish, {}, "l.json");
  expect(R"({"1": "goldfish", "0": "tench, Tinca tinca"})", kFish, {"an index column"}, "l.json");
  expect(R"({"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"]})", {"tench", "goldfish"},
         {"an index column", "a synset column"}, "l.json");
  expect(R"({"goldfish": 1, "tench": 0})", {"tench", "goldfish"}, {"an index column"}, "l.json");
  expect(R"({"model_type": "vit", "id2label": {"0": "tench", "1": "goldfish"}, "label2id": {}})", {"tench", "goldfish"},
         {"an index column"}, "config.json");
  expect(R"({"1": "tench", "2": "goldfish"})", {"tench", "goldfish"}, {"an index column that counts from 1"}, "l.json");
  refused(R"({"0": "tench", "2": "goldfish"})", {"without gaps", "the largest 2, of 2 keys"}, "l.json");
  refused(R"({"tench": 0, "goldfish": 0})", {"'goldfish' and 'tench'", "same index 0"}, "l.json");
  refused(R"({"tench": 0, "goldfish": 2})", {"without gaps"}, "l.json");
  refused(R"({"0": "tench", "0": "goldfish"})", {"'0' is given twice"}, "l.json");
  refused(R"({"model_type": "vit"})", {"'id2label'", "'model_type'"}, "config.json");
  refused(R"({"id2label": {"0": "LABEL_0", "1": "LABEL_1"}})", {"LABEL_0"}, "config.json");
  refused("{0: 'tench, Tinca tinca',\n 1: 'goldfish'}", {"Python", "json.dump"});
  refused("[1, 2]", {"/0", "a string"}, "l.json");
  refused("[]", {"no labels"}, "l.json");
  refused("{}", {"no labels"}, "l.json");
}

TEST_F(LabelFiles, ABackgroundCountsWhereTheNetworkHasOne) {
  const std::string list = "background\ntench\ngoldfish\n";
  expect(list, {"background", "tench", "goldfish"}, {}, "labels.txt", 3);
  expect(list, {"tench", "goldfish"}, {"the name 'background', a class that the network does not have"}, "labels.txt",
         2);
  expect(list, {"background", "tench", "goldfish"}, {}, "labels.txt", 4);
  expect("dummy\ntench\n", {"tench"}, {"the name 'dummy', a class that the network does not have"}, "labels.txt", 1);
}

TEST_F(LabelFiles, OtherFilesAreRefused) {
  refused("tench\n\x1b[31mgoldfish\n", {"line 2", "\\x1b"});
  refused(R"(["tench", "a\u001b[31m"])", {"class 1", "\\x1b"}, "l.json");
  refused(std::string("t\0e\0n\0c\0h\0\n\0g\0o\0l\0d\0", 20), {"UTF-16"});
  EXPECT_TRUE(refuses([&] { read_labels(folder_.file("none.txt")); }, {"none.txt"}));
}

TEST_F(LabelFiles, ThoseOfImageNet) {
  PHOSPHENE_ASSET(path, "models/imagenet_synset_words.txt");
  const Labels labels = read_labels(path.string(), 1000);
  ASSERT_EQ(labels.names.size(), 1000U);
  EXPECT_EQ(labels.names[0], "tench, Tinca tinca");
  EXPECT_EQ(labels.names[999], "toilet tissue, toilet paper, bathroom tissue");
  EXPECT_EQ(labels.dropped, Names{"a synset column"});
}

}  // namespace
}  // namespace phosphene::testing::labels_test
