#include "pipe.hpp"

#include "support/catch.hpp"

using namespace sallyport;
using namespace sallyport::broker;

namespace {

Pipe pipe_of(bool good = true) {
  return Pipe(false, [good](base::ByteView) { return good; });
}

}  // namespace

TEST_CASE("pipe: takes nothing while it is closed, and nothing more while bytes wait in it") {
  const base::Bytes bytes(100, 'x');
  auto pipe = pipe_of();
  CHECK(pipe.offer(bytes) == 0);
  CHECK_FALSE(pipe.drained());
  pipe.set_open(true);
  CHECK(pipe.offer(bytes) == 100);
  CHECK(pipe.offer(bytes) == 0);
  pipe.discard();
  CHECK_FALSE(pipe.drained());  // what libssh holds is not forgotten
}

TEST_CASE("pipe: a peer that makes the library hold more than its window is told of") {
  auto pipe = pipe_of();
  CHECK(pipe.offer(base::Bytes(Pipe::kMaxHeld, 'x')) == 0);
  CHECK_FALSE(pipe.overrun());
  CHECK(pipe.offer(base::Bytes(Pipe::kMaxHeld + 1, 'x')) == 0);
  CHECK(pipe.overrun());
}
