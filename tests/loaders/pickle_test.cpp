#include "loaders/pickle/pickle.h"

#include <array>

#include "loaders/pickle/strings.h"
#include "loaders/shown.h"
#include "tests/loaders/small_archives.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing {
namespace {

using Kind = PickleNode::Kind;

constexpr auto kKnown =
    std::to_array<std::string_view>({"_codecs.encode", "builtins.bytearray", "builtins.complex", "builtins.frozenset",
                                     "builtins.list", "builtins.object", "builtins.set", "collections.OrderedDict",
                                     "collections.defaultdict", "copyreg._reconstructor", "known.Class"});

Pickle unpickled(const std::string& bytes) { return Pickle::read("a.pkl", bytes_in(bytes), kKnown); }

::testing::AssertionResult refuses_pickle(const std::string& bytes, const std::vector<std::string>& words) {
  std::vector<std::string> all = {"a.pkl", "at byte"};
  all.insert(all.end(), words.begin(), words.end());
  return refuses([&] { (void)unpickled(bytes); }, all);
}

std::string python_of(const Pickle& pickle, PickleId id);

std::string items_of(const Pickle& pickle, const PickleNode& node) {
  std::string text;
  for (const PickleId item : node.items) text += (text.empty() ? "" : " ") + python_of(pickle, item);
  return text;
}

// A value as text, much as Python would print it.
std::string python_of(const Pickle& pickle, PickleId id) {
  const PickleNode& node = pickle.node(id);
  switch (node.kind) {
    case Kind::none:
      return "None";
    case Kind::boolean:
      return node.integer != 0 ? "True" : "False";
    case Kind::integer:
      return std::to_string(node.integer);
    case Kind::big_integer:
      return "big";
    case Kind::real:
      return fmt::format("{}", node.real);
    case Kind::text:
      return fmt::format("'{}'", node.text);
    case Kind::bytes:
      return fmt::format("b{}", fmt::join(std::vector<int>(node.text.begin(), node.text.end()), ","));
    case Kind::list:
      return "[" + items_of(pickle, node) + "]";
    case Kind::tuple:
      return "(" + items_of(pickle, node) + ")";
    case Kind::set:
      return "{" + items_of(pickle, node) + "}";
    case Kind::dict:
      return "dict(" + items_of(pickle, node) + ")";
    case Kind::global:
      return std::string(node.text);
    case Kind::call:
      return "call(" + items_of(pickle, node) + ")";
    case Kind::persistent:
      return "persistent(" + items_of(pickle, node) + ")";
  }
  return "?";
}

std::string python(const std::string& bytes) {
  const Pickle pickle = unpickled(bytes);
  EXPECT_EQ(pickle.bytes(), bytes.size());
  return python_of(pickle, pickle.root());
}

// {'a': [1, -2, 300, 70000, -2**40, 2**70, True, None], 't': (1.5, 'h\xe9\u20ac', b'\x00\xff', ()), 's': {5}, 'f': frozenset([6]),
//  'o': OrderedDict([('x', (1, 2, 3, 4))]), 'c': complex(1, 2)}, by Python 3.11's pickle.dumps with protocols 0 to 5.
constexpr auto kByPython = std::to_array<const char*>({
    "286470300a56610a70310a286c70320a49310a61492d320a61493330300a614937303030300a614c2d313039393531313632373737364c0a61"
    "4c3131383035"
    "39313632303731373431313330333432344c0a614930310a614e617356740a70330a2846312e350a5668e95c75323061630a70340a635f636f"
    "646563730a65"
    "6e636f64650a70350a28565c7530303030ff0a70360a566c6174696e310a70370a7470380a5270390a2874747031300a7356730a7031310a63"
    "5f5f6275696c"
    "74696e5f5f0a7365740a7031320a28286c7031330a49350a61747031340a527031350a7356660a7031360a635f5f6275696c74696e5f5f0a66"
    "726f7a656e73"
    "65740a7031370a28286c7031380a49360a61747031390a527032300a73566f0a7032310a63636f6c6c656374696f6e730a4f72646572656444"
    "6963740a7032"
    "320a2874527032330a56780a7032340a2849310a49320a49330a49340a747032350a737356630a7032360a635f5f6275696c74696e5f5f0a63"
    "6f6d706c6578"
    "0a7032370a2846312e300a46322e300a747032380a527032390a732e",
    "7d71002858010000006171015d7102284b014afeffffff4d2c014a701101004c2d313039393531313632373737364c0a4c3131383035393136"
    "323037313734"
    "31313330333432344c0a4930310a4e65580100000074710328473ff8000000000000580600000068c3a9e282ac7104635f636f646563730a65"
    "6e636f64650a"
    "710528580300000000c3bf710658060000006c6174696e3171077471085271092974710a580100000073710b635f5f6275696c74696e5f5f0a"
    "7365740a710c"
    "285d710d4b056174710e52710f5801000000667110635f5f6275696c74696e5f5f0a66726f7a656e7365740a7111285d71124b066174711352"
    "711458010000"
    "006f711563636f6c6c656374696f6e730a4f726465726564446963740a7116295271175801000000787118284b014b024b034b047471197358"
    "010000006371"
    "1a635f5f6275696c74696e5f5f0a636f6d706c65780a711b28473ff000000000000047400000000000000074711c52711d752e",
    "80027d71002858010000006171015d7102284b014afeffffff4d2c014a701101008a060000000000ff8a09000000000000000040884e655801"
    "000000747103"
    "28473ff8000000000000580600000068c3a9e282ac7104635f636f646563730a656e636f64650a7105580300000000c3bf710658060000006c"
    "6174696e3171"
    "078671085271092974710a580100000073710b635f5f6275696c74696e5f5f0a7365740a710c5d710d4b056185710e52710f58010000006671"
    "10635f5f6275"
    "696c74696e5f5f0a66726f7a656e7365740a71115d71124b066185711352711458010000006f711563636f6c6c656374696f6e730a4f726465"
    "726564446963"
    "740a7116295271175801000000787118284b014b024b034b0474711973580100000063711a635f5f6275696c74696e5f5f0a636f6d706c6578"
    "0a711b473ff0"
    "00000000000047400000000000000086711c52711d752e",
    "80037d71002858010000006171015d7102284b014afeffffff4d2c014a701101008a060000000000ff8a09000000000000000040884e655801"
    "000000747103"
    "28473ff8000000000000580600000068c3a9e282ac7104430200ff7105297471065801000000737107636275696c74696e730a7365740a7108"
    "5d71094b0561"
    "85710a52710b580100000066710c636275696c74696e730a66726f7a656e7365740a710d5d710e4b066185710f52711058010000006f711163"
    "636f6c6c6563"
    "74696f6e730a4f726465726564446963740a7112295271135801000000787114284b014b024b034b0474711573580100000063711663627569"
    "6c74696e730a"
    "636f6d706c65780a7117473ff0000000000000474000000000000000867118527119752e",
    "800495c9000000000000007d94288c0161945d94284b014afeffffff4d2c014a701101008a060000000000ff8a09000000000000000040884e"
    "658c01749428"
    "473ff80000000000008c0668c3a9e282ac94430200ff942974948c0173948f94284b05908c016694284b0691948c016f948c0b636f6c6c6563"
    "74696f6e7394"
    "8c0b4f726465726564446963749493942952948c017894284b014b024b034b047494738c0163948c086275696c74696e73948c07636f6d706c"
    "657894939447"
    "3ff000000000000047400000000000000086945294752e",
    "800595c9000000000000007d94288c0161945d94284b014afeffffff4d2c014a701101008a060000000000ff8a09000000000000000040884e"
    "658c01749428"
    "473ff80000000000008c0668c3a9e282ac94430200ff942974948c0173948f94284b05908c016694284b0691948c016f948c0b636f6c6c6563"
    "74696f6e7394"
    "8c0b4f726465726564446963749493942952948c017894284b014b024b034b047494738c0163948c086275696c74696e73948c07636f6d706c"
    "657894939447"
    "3ff000000000000047400000000000000086945294752e",
});

TEST(Pickle, ReadsEveryProtocol) {
  for (size_t protocol = 0; protocol < kByPython.size(); ++protocol) {
    EXPECT_EQ(python(from_hex(kByPython[protocol])),
              "dict('a' [1 -2 300 70000 -1099511627776 big True None] 't' (1.5 'h\xC3\xA9\xE2\x82\xAC' b0,-1 ()) 's' "
              "{5} 'f' {6} "
              "'o' dict('x' (1 2 3 4)) 'c' call(builtins.complex (1 2)))")
        << protocol;
  }
}

TEST(Pickle, RefusesWhatIsCutOff) {
  for (const char* hex : kByPython) {
    const std::string bytes = from_hex(hex);
    for (size_t size = 0; size < bytes.size(); ++size) EXPECT_TRUE(refuses_pickle(bytes.substr(0, size), {})) << size;
  }
}

TEST(Pickle, ReadsPython2Strings) {
  EXPECT_EQ(python("(S'a\\x42\\n\\'\\103'\nU\3abcT" + bytes_of_number(uint32_t{2}) + "det."), "('aB\n'C' 'abc' 'de')");
}

TEST(Pickle, ReadsWhatIsSharedOrInACircle) {
  const Pickle circle = unpickled(std::string("]q\0h\0a.", 7));
  const PickleNode& list = circle.node(circle.root());
  ASSERT_EQ(list.items.size(), 1U);
  EXPECT_EQ(list.items[0], circle.root());
  EXPECT_EQ(python(std::string("(K\1q\5h\5"
                               "2t.",
                               10)),
            "(1 1 1)");
  EXPECT_EQ(python("(K\1K\2"
                   "0K\3t."),
            "(1 3)");
  EXPECT_EQ(python("((K\1K\2"
                   "1K\3t."),
            "(3)");
}

TEST(Pickle, MakesDictsOfWhatIsCalledSo) {
  EXPECT_EQ(python("ccollections\nOrderedDict\n((lp0\n(lp1\nS'a'\naI1\naatRp2\n."), "dict('a' 1)");
  EXPECT_EQ(python("ccollections\ndefaultdict\n(cbuiltins\nlist\ntRS'a'\nI1\ns."), "dict('a' 1)");
  EXPECT_EQ(python("ccollections\nOrderedDict\n)R}S'_metadata'\nI1\nsb."), "dict()") << "a dict's state is left out";
  EXPECT_EQ(python("cknown\nClass\n)\x81}S'a'\nI1\nsb."), "call(known.Class () dict('a' 1))");
  EXPECT_EQ(python("ccopy_reg\n_reconstructor\n(cknown\nClass\nc__builtin__\nobject\nNtR."), "call(known.Class ())");
}

TEST(Pickle, NeverCalls) {
  EXPECT_TRUE(refuses_pickle("cos\nsystem\n(S'true'\ntR.", {"would call 'os.system'; only tensors are read"}));
  EXPECT_TRUE(
      refuses_pickle("\x80\x04\x8C\x05posix\x8C\x06system\x93\x8C\x04true\x85R.", {"would call 'posix.system'"}));
  EXPECT_TRUE(refuses_pickle("c__builtin__\nprint\n(S'x'\ntR.", {"would call 'builtins.print'"}));
  EXPECT_TRUE(refuses_pickle("cos\nsystem\n.", {"names 'os.system'"}));
  EXPECT_TRUE(refuses_pickle("(S'true'\nios\nsystem\n.", {"'os.system'"}));
  EXPECT_TRUE(refuses_pickle("(cos\nsystem\nS'true'\no.", {"'os.system'"}));
  EXPECT_TRUE(refuses_pickle("ctorchvision.models.resnet\nResNet\n)\x81}b.",
                             {"'torchvision.models.resnet.ResNet'", "model.state_dict()"}));
  EXPECT_TRUE(refuses_pickle("(S'module'\ncnets\nNet\nS'net.py'\nS'class Net'\ntQ)\x81.",
                             {"'nets.Net'", "model.state_dict()"}));
  EXPECT_TRUE(refuses_pickle("cknown\nClass\n)R)R.", {"other than a function"}));
  EXPECT_TRUE(refuses_pickle("cknown.Class\nmethod\n)R.", {"would call 'known.Class.method'"}));
  EXPECT_TRUE(refuses_pickle("\x82\1.", {"registry"}));
  EXPECT_TRUE(refuses_pickle("cos\nsy\nstem\n.", {}));
}

TEST(Pickle, RefusesWhatIsNone) {
  EXPECT_TRUE(refuses_pickle("\x80\x06N.", {"protocol 6"}));
  EXPECT_TRUE(refuses_pickle("\xFF.", {"0xff", "no opcode"}));
  EXPECT_TRUE(refuses_pickle("NN.", {"1 values left"}));
  EXPECT_TRUE(refuses_pickle("(N.", {"left"}));
  EXPECT_TRUE(refuses_pickle(".", {"stack"}));
  EXPECT_TRUE(refuses_pickle("N(a.", {"stack"}));
  EXPECT_TRUE(refuses_pickle("Nt.", {"stack"}));
  EXPECT_TRUE(refuses_pickle("NNa.", {"other than a list"}));
  EXPECT_TRUE(refuses_pickle("}(Nu.", {"other than a list or dict"}));
  EXPECT_TRUE(refuses_pickle("(Nd.", {"no value"}));
  EXPECT_TRUE(refuses_pickle(")Na.", {"other than a list"})) << "the empty tuple is shared";
  EXPECT_TRUE(refuses_pickle("NNb.", {"state"}));
  EXPECT_TRUE(refuses_pickle("h\5.", {"value 5"}));
  EXPECT_TRUE(refuses_pickle("Nr\xFF\xFF\xFF\xFF.", {"numbers more"}));
  EXPECT_TRUE(refuses_pickle("Np-1\n.", {"'-1'"}));
  EXPECT_TRUE(refuses_pickle("I12x\n.", {"'12x'"}));
  EXPECT_TRUE(refuses_pickle("F1.x\n.", {"'1.x'"}));
  EXPECT_TRUE(refuses_pickle("Sabc\n.", {"text"}));
  EXPECT_TRUE(refuses_pickle("S'a\\'\n.", {"text"}));
  EXPECT_TRUE(refuses_pickle("V\\u12\n.", {"text"}));
  EXPECT_TRUE(refuses_pickle("X\xFF\xFF\xFF\xFFx.", {"truncated"}));
  EXPECT_TRUE(refuses_pickle("\x8D\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFx.", {"truncated"}));
  EXPECT_TRUE(refuses_pickle("\x8B\xFF\xFF\xFF\xFF.", {"-1 bytes"}));
  EXPECT_TRUE(refuses_pickle("\x95\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFN.", {"announces"}));
  EXPECT_TRUE(refuses_pickle("\x97.", {"outside of the file"}));
  EXPECT_TRUE(refuses_pickle("c_codecs\nencode\n(V\\u20ac\nVlatin1\ntR.", {"Latin-1"}));
  EXPECT_TRUE(refuses_pickle("c_codecs\nencode\n(Vx\nVrot13\ntR.", {"rot13"}));
}

// A file of a few MB that would need much more, or a deep stack of our own.
TEST(Pickle, BoundsWhatItTakes) {
  constexpr size_t kMany = size_t{3} << 20;
  EXPECT_TRUE(refuses_pickle(std::string(kMany, ']'), {"more than"}));
  EXPECT_TRUE(refuses_pickle(std::string(kMany, '('), {"marks"}));
  EXPECT_TRUE(refuses_pickle(std::string(kMany, 'N'), {"stack"}));
  std::string deep(200000, ']');
  deep.append(199999, 'a').append(".");
  EXPECT_EQ(unpickled(deep).size(), 200004U);
  std::string copies = "](" + std::string(100000, 'N') + "e" + std::string("q\0", 2);  // a list, copied again and again
  for (int i = 0; i < 100; ++i) copies += std::string("cbuiltins\nset\n(h\0tR0", 20);
  EXPECT_TRUE(refuses_pickle(copies + ".", {"items"}));
  std::string texts = "V" + std::string(100000, 'x') + "\n" + std::string("q\0", 2);
  for (int i = 0; i < 100; ++i) texts += std::string("c_codecs\nencode\n(h\0Vlatin1\ntR0", 30);
  EXPECT_TRUE(refuses_pickle(texts + ".", {"text"}));
  std::string memo;
  for (uint32_t i = 0; i < 1000; ++i) memo += "Nr" + bytes_of_number(i * 1048U) + "0";
  EXPECT_EQ(python(memo + "N."), "None");
}

}  // namespace
}  // namespace phosphene::testing
