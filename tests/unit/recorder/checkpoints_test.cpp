#include "checkpoints.hpp"

#include "sallyport/recorder/recorder.hpp"
#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::recorder;

namespace {

Mark mark_of(std::uint64_t sequence) {
  Mark mark;
  mark.sequence = sequence;
  mark.hash[0] = static_cast<std::uint8_t>(sequence);
  return mark;
}

const base::MonoTime kStart{base::Milliseconds(5000)};

}  // namespace

TEST_CASE("a checkpoint is due 10 s after the first content, once that is durable") {
  Checkpoints checkpoints;
  checkpoints.on_content(5, kStart, false);
  checkpoints.on_content(6, kStart + base::Milliseconds(9000), false);
  checkpoints.on_durable(mark_of(6));
  CHECK_FALSE(checkpoints.wanted(kStart + base::Milliseconds(9999)));
  CHECK(checkpoints.wanted(kStart + kCheckpointInterval) == mark_of(6));
  CHECK_FALSE(checkpoints.wanted(kStart + base::Milliseconds(100000)));
}

TEST_CASE("a checkpoint waits until the chunk that made it due is on the disk") {
  Checkpoints checkpoints;
  checkpoints.on_durable(mark_of(4));
  checkpoints.on_content(5, kStart, true);
  CHECK_FALSE(checkpoints.wanted(kStart));
  checkpoints.on_durable(mark_of(5));
  CHECK(checkpoints.wanted(kStart) == mark_of(5));
}

TEST_CASE("content behind a checkpoint makes another one due") {
  Checkpoints checkpoints;
  checkpoints.on_content(1, kStart, true);
  checkpoints.on_durable(mark_of(1));
  checkpoints.on_content(2, kStart, false);
  CHECK(checkpoints.wanted(kStart) == mark_of(1));
  checkpoints.on_durable(mark_of(2));
  CHECK_FALSE(checkpoints.wanted(kStart));
  CHECK(checkpoints.wanted(kStart + kCheckpointInterval) == mark_of(2));
}

TEST_CASE("each mark that was asked for is answered once, in any order") {
  Checkpoints checkpoints;
  for (std::uint64_t i = 1; i <= 2; ++i) {
    checkpoints.on_content(i, kStart, true);
    checkpoints.on_durable(mark_of(i));
    REQUIRE(checkpoints.wanted(kStart) == mark_of(i));
  }
  CHECK(checkpoints.answer(mark_of(2)));
  CHECK(checkpoints.answer(mark_of(1)));
  CHECK_FALSE(checkpoints.answer(mark_of(1)));
  CHECK_FALSE(checkpoints.answer(mark_of(3)));
}
