#include "experiment/run/export.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <nlohmann/json.hpp>

#include "experiment/photos/apng_file.h"
#include "experiment/photos/photo_file.h"
#include "tests/experiment/pages/written_run.h"

namespace phosphene::testing::export_test {
namespace {

struct Chunk {
  std::string type, body;
};

uint32_t number_at(const std::string& bytes, size_t at, size_t size = 4) {
  uint32_t number = 0;
  for (size_t i = 0; i < size; ++i) number = number << 8U | static_cast<unsigned char>(bytes.at(at + i));
  return number;
}

uint32_t checksum(const std::string& bytes) {
  return static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

// Checks lengths and checksums.
std::vector<Chunk> chunks_of(const std::string& png) {
  std::vector<Chunk> chunks;
  size_t at = 8;
  while (at < png.size()) {
    const size_t size = number_at(png, at);
    chunks.push_back({png.substr(at + 4, 4), png.substr(at + 8, size)});
    EXPECT_EQ(number_at(png, at + 8 + size), checksum(png.substr(at + 4, size + 4)));
    at += size + 12;
  }
  EXPECT_EQ(at, png.size());
  return chunks;
}

std::string four_bytes(size_t number) {
  std::string bytes;
  for (size_t i = 0; i < 4; ++i) bytes += static_cast<char>(number >> (24 - 8 * i) & 0xffU);
  return bytes;
}

std::string packed(const std::string& type, const std::string& body) {
  return four_bytes(body.size()) + type + body + four_bytes(checksum(type + body));
}

// An animation taken apart.
struct Film {
  std::vector<std::vector<uint8_t>> frames;  // pixels
  std::vector<uint32_t> milliseconds;
};

// Each frame is made a PNG by itself again.
Film read_film(const std::string& path) {
  const TemporaryFolder folder;
  const std::vector<Chunk> chunks = chunks_of(contents_of(path));
  Film film;
  uint32_t sequence = 0;
  EXPECT_EQ(chunks.at(0).type, "IHDR");
  EXPECT_EQ(chunks.at(1).type, "acTL");
  for (const Chunk& chunk : chunks) {
    if (chunk.type == "fcTL" || chunk.type == "fdAT") {
      EXPECT_EQ(number_at(chunk.body, 0), sequence++);
    }
    if (chunk.type == "fcTL")
      film.milliseconds.push_back(1000 * number_at(chunk.body, 20, 2) / number_at(chunk.body, 22, 2));
    if (chunk.type != "IDAT" && chunk.type != "fdAT") continue;
    const std::string data = chunk.type == "IDAT" ? chunk.body : chunk.body.substr(4);
    const std::string still =
        "\x89PNG\r\n\x1a\n" + packed("IHDR", chunks[0].body) + packed("IDAT", data) + packed("IEND", "");
    film.frames.push_back(read_photo(folder.write("still.png", still)).rgb);
  }
  EXPECT_EQ(number_at(chunks[1].body, 0), film.frames.size());
  EXPECT_EQ(film.milliseconds.size(), film.frames.size());
  return film;
}

std::vector<uint8_t> pixels(const WrittenRun& run, const std::string& name) {
  return read_photo(run.folder().file("images/" + name + ".png")).rgb;
}

TEST(Export, AFilmShowsThePicturesOnTheWay) {
  WrittenRun run(config_of_a_unit());
  add_pictures_of_a_unit(run);
  const TemporaryFolder out;
  EXPECT_EQ(write_film(run.path(), "neuron", out.file("film.png")), 3);
  const Film film = read_film(out.file("film.png"));
  ASSERT_EQ(film.frames.size(), 3U);
  EXPECT_EQ(film.frames[0], pixels(run, "neuron_step4"));
  EXPECT_EQ(film.frames[1], pixels(run, "neuron_step16"));
  EXPECT_EQ(film.frames[2], pixels(run, "neuron"));
  EXPECT_NE(film.frames[0], film.frames[1]);
  EXPECT_GT(film.milliseconds[2], film.milliseconds[1]);
  EXPECT_EQ(read_photo(out.file("film.png")).rgb, film.frames[0]) << "what shows PNGs alone shows the first";
  EXPECT_TRUE(refuses([&] { write_film(run.path(), "nobody", out.file("x.png")); }, {"nobody", "records"}));
}

TEST(Export, AFilmOfAGroupShowsItsImages) {
  WrittenRun run(Json{{"version", 1}});
  const Json terms = Json::parse(R"([{"interpolation": {"layer": "a", "unit": 1, "to_unit": 2}}])");
  for (const int64_t image : {0, 1, 2})
    run.add("image" + std::to_string(image), terms, Json::object(), 0, image, 1, {});
  run.add("alone", terms, Json::object(), 1, 0, 1, {});
  const TemporaryFolder out;
  EXPECT_EQ(write_film(run.path(), "image1", out.file("film.png")), 3);
  EXPECT_EQ(read_film(out.file("film.png")).frames.size(), 3U);
  EXPECT_TRUE(refuses([&] { write_film(run.path(), "alone", out.file("x.png")); }, {"alone", "snapshots"}));
}

TEST(Export, FramesMustBeAlike) {
  const TemporaryFolder folder;
  const std::vector<float> planar(static_cast<size_t>(3 * 20 * 20));
  write_png(folder.file("a.png"), planar.data(), 3, 20, 20);
  write_png(folder.file("b.png"), planar.data(), 3, 10, 20);
  write_png(folder.file("c.png"), planar.data(), 1, 20, 20);
  for (const char* other : {"b.png", "c.png"})
    EXPECT_TRUE(refuses(
        [&] {
          (void)join_pngs({{folder.file("a.png"), 1}, {folder.file(other), 1}});
        },
        {other, "a.png", "alike"}));
}

TEST(Export, APosterHoldsALayersUnitsInTheirOrder) {
  WrittenRun run(Json{{"version", 1}});
  for (const int64_t unit : {12, 3, 7})
    run.add("b" + std::to_string(unit), channel_terms("b", unit), Json::object(), unit, 0, 1, {});
  run.add("a", channel_terms("a", 0), Json::object(), 99, 0, 1, {});
  // Another colour for unit 3, which belongs into the first place.
  const std::vector<float> white(static_cast<size_t>(3 * WrittenRun::kSide * WrittenRun::kSide), 1.F);
  write_png(run.folder().file("images/b3.png"), white.data(), 3, WrittenRun::kSide, WrittenRun::kSide);
  const TemporaryFolder out;
  EXPECT_EQ(write_poster(run.path(), "b:pre", 16, out.file("poster.png")), 3);
  const Photo poster = read_photo(out.file("poster.png"));
  ASSERT_EQ(poster.width, 32);
  ASSERT_EQ(poster.height, 32);
  const auto middle = [&](int64_t column, int64_t row) {
    return static_cast<int>(poster.rgb[static_cast<size_t>(((row * 16 + 8) * 32 + column * 16 + 8) * 3)]);
  };
  EXPECT_EQ(middle(0, 0), 255);
  EXPECT_EQ(middle(1, 0), 64);
  EXPECT_EQ(middle(0, 1), 64);
  EXPECT_EQ(middle(1, 1), 0);
  EXPECT_EQ(write_poster(run.path(), "", 16, out.file("all.png")), 4);
  EXPECT_TRUE(
      refuses([&] { write_poster(run.path(), "nothing", 16, out.file("x.png")); }, {"no finished picture", "nothing"}));
}

TEST(Export, AUnitsFolderHoldsAllOfIt) {
  WrittenRun run(config_of_a_unit());
  add_pictures_of_a_unit(run);
  const TemporaryFolder out;
  EXPECT_EQ(write_unit(run.path(), "layer/a:7", out.file("unit")), 5);
  const Json told = Json::parse(contents_of(out.file("unit/unit.json")));
  EXPECT_EQ(told["unit"], "layer/a:7");
  std::vector<std::string> roles;
  for (const Json& picture : told["pictures"]) roles.push_back(picture["role"]);
  EXPECT_EQ(roles, (std::vector<std::string>{"negative", "positive", "neuron", "diverse", "diverse"}));
  for (const std::string file :
       {"images/negative.png", "images/negative_step4.png", "images/negative_step16.png", "records/negative.json"})
    EXPECT_EQ(contents_of(out.file("unit/" + file)), contents_of(run.folder().file(file))) << file;
  EXPECT_EQ(read_film(out.file("unit/images/neuron_film.png")).frames.size(), 3U);
  EXPECT_TRUE(refuses([&] { write_unit(run.path(), "layer/a:7", out.file("unit")); }, {"not an empty folder"}));
  EXPECT_TRUE(refuses([&] { write_unit(run.path(), "layer/a:8", out.file("other")); }, {"layer/a:8", "LAYER:UNIT"}));
  EXPECT_FALSE(std::filesystem::exists(out.file("other")));
}

}  // namespace
}  // namespace phosphene::testing::export_test
