#pragma once
// OpenSSH's sftp-server behind a tracker, without SSH between: what really happens against what is told.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "sallyport/base/process.hpp"
#include "sallyport/broker/sftp_tracker.hpp"
#include "support/catch.hpp"

namespace sallyport::broker::test {

inline constexpr const char* kSftpServer = "/usr/lib/openssh/sftp-server";

/// Whole packets in `bytes`, each without its length.
inline std::vector<base::Bytes> packets_of(base::ByteView bytes) {
  std::vector<base::Bytes> found;
  base::Reader reader(bytes);
  while (auto packet = reader.block(1U << 20U)) found.emplace_back(packet.value().begin(), packet.value().end());
  return found;
}

class SftpServer {
 public:
  SftpServer() {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    REQUIRE(::pipe2(in.data(), O_CLOEXEC) == 0);
    REQUIRE(::pipe2(out.data(), O_CLOEXEC) == 0);
    to_.reset(in[1]);
    from_.reset(out[0]);
    base::Command command;
    command.argv = {kSftpServer, "-e", "-l", "QUIET"};
    command.environment = {"PATH=/usr/bin:/bin"};
    auto child = base::Child::spawn(command, {base::UniqueFd(in[0]), base::UniqueFd(out[1]), {}});
    REQUIRE(child);
    child_.emplace(std::move(child).value());
  }

  /// Hands over whole packets and waits for the answer to each: then what they do is done. False when it has gone.
  bool give(const base::Bytes& packets) {
    owed_ += packets_of(packets).size();
    if (::write(to_.get(), packets.data(), packets.size()) != static_cast<ssize_t>(packets.size())) return false;
    while (owed_ > 0) {
      if (!read_some()) return false;
      const auto whole = packets_of(partial_);
      std::size_t size = 0;
      for (const auto& packet : whole) size += 4 + packet.size();
      answers_.insert(answers_.end(), partial_.begin(), partial_.begin() + static_cast<std::ptrdiff_t>(size));
      partial_.erase(partial_.begin(), partial_.begin() + static_cast<std::ptrdiff_t>(size));
      owed_ -= std::min(owed_, whole.size());
    }
    return true;
  }
  base::Bytes take_answers() { return std::exchange(answers_, {}); }

 private:
  bool read_some() {
    pollfd ready{from_.get(), POLLIN, 0};
    REQUIRE(::poll(&ready, 1, 30000) == 1);
    std::array<std::uint8_t, 65536> bytes{};
    const auto got = ::read(from_.get(), bytes.data(), bytes.size());
    if (got <= 0) return false;
    partial_.insert(partial_.end(), bytes.begin(), bytes.begin() + got);
    return true;
  }

  base::UniqueFd to_;
  base::UniqueFd from_;
  std::optional<base::Child> child_;
  std::size_t owed_ = 0;
  base::Bytes partial_;
  base::Bytes answers_;
};

}  // namespace sallyport::broker::test
