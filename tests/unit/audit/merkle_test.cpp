#include "sallyport/audit/merkle.hpp"

#include "support/catch.hpp"
#include "tree.hpp"

using namespace sallyport;
using namespace sallyport::audit;
using sallyport::audit::test::Leaves;

TEST_CASE("the empty tree's root is the hash of nothing") {
  CHECK(base::hex(Frontier().root()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("the frontier gives the known roots of certificate transparency") {
  const Leaves leaves(8);
  Frontier frontier;
  for (std::size_t i = 0; i < 8; ++i) {
    frontier.append(leaves.hashes[i]);
    CHECK(frontier.size() == i + 1);
    CHECK(base::hex(frontier.root()) == test::kRoots[i]);
  }
}

TEST_CASE("the frontier agrees with the definition at every size, and after being stored") {
  const Leaves leaves(130);
  Frontier frontier;
  for (std::size_t size = 0; size <= 130; ++size) {
    REQUIRE(frontier.root() == test::slow_root(std::span(leaves.hashes).first(size)));
    REQUIRE(Frontier::decode(frontier.encode()).value() == frontier);
    if (size < 130) frontier.append(leaves.hashes[size]);
  }
}

TEST_CASE("a batch is the same as its leaves one by one") {
  const Leaves leaves(77);
  Frontier one;
  Frontier batch;
  for (const auto& leaf : leaves.hashes) one.append(leaf);
  batch.append(std::span(leaves.hashes).first(33));
  batch.append(std::span(leaves.hashes).subspan(33));
  CHECK(one == batch);
}

TEST_CASE("a stored frontier of the wrong length is refused") {
  const Leaves leaves(5);
  Frontier frontier;
  frontier.append(leaves.hashes);
  auto bytes = frontier.encode();
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK(!Frontier::decode(base::ByteView(bytes).first(size)));
  bytes.push_back(0);
  CHECK(!Frontier::decode(bytes));
}
