#include "experiment/run/writer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <vector>

#include "runtime/stop.h"

namespace phosphene::testing {
namespace writer_test {
namespace {

TEST(Writer, DoesEachPieceInTurn) {
  std::vector<int> done;
  Writer writer;
  for (int piece = 0; piece < 100; ++piece) writer.give(1, [&done, piece] { done.push_back(piece); });
  writer.finish();
  ASSERT_EQ(done.size(), 100U);
  for (int piece = 0; piece < 100; ++piece) EXPECT_EQ(done[static_cast<size_t>(piece)], piece);
}

TEST(Writer, DoesWhatWaitsBeforeItEndsEvenIfARunIsStopped) {
  int done = 0;
  stop_flag = true;
  {
    Writer writer;
    for (int piece = 0; piece < 10; ++piece) {
      writer.give(1, [&done] {
        stop_if_requested();
        ++done;
      });
    }
  }
  stop_flag = false;
  EXPECT_EQ(done, 10);
}

TEST(Writer, WhoGivesMuchWaits) {
  constexpr size_t kLarge = size_t{40} << 20;
  std::promise<void> may_go;
  std::atomic<int> given = 0;
  Writer writer;
  writer.give(kLarge, [go = may_go.get_future().share()] { go.wait(); });
  std::thread giver([&] {
    writer.give(kLarge, [] {});
    ++given;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(given, 0);
  may_go.set_value();
  giver.join();
  EXPECT_EQ(given, 1);
  writer.give(2 * kLarge, [] {});  // alone it may
  writer.finish();
}

TEST(Writer, AFailureIsThrownAndEndsTheRest) {
  int done = 0;
  std::atomic<int> dropped = 0;
  Writer writer;
  writer.give(
      1, [&done] { ++done; }, [&dropped] { ++dropped; });
  std::promise<void> may_go;
  writer.give(1, [go = may_go.get_future().share()] { go.wait(); });
  writer.give(1, [] { throw std::runtime_error("full"); });
  writer.give(
      1, [&done] { done += 100; }, [&dropped] { ++dropped; });
  may_go.set_value();
  EXPECT_THROW(
      {
        for (int piece = 0; piece < 1000; ++piece) writer.give(size_t{64} << 20, [&done] { done += 100; });
      },
      std::runtime_error);
  EXPECT_THROW(writer.finish(), std::runtime_error);
  EXPECT_EQ(done, 1);
  EXPECT_EQ(dropped, 1);
}

}  // namespace
}  // namespace writer_test
}  // namespace phosphene::testing
