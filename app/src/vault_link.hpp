#pragma once
// The web process's one connection to the vault, inside asio's loop: many requests at once, told apart by id. Comes
// back by itself when it is lost. One io_context, one thread.
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "sallyport/app/operation.hpp"
#include "sallyport/app/vault_client.hpp"

namespace sallyport::app {

class VaultLink {
 public:
  using Answer = std::function<void(base::Result<Payload>)>;

  VaultLink(boost::asio::io_context& io, std::filesystem::path socket);
  ~VaultLink();
  /// Connects now if it can; goes on trying otherwise.
  void start();
  /// `answer` is called once, later or (Errc::unavailable, Errc::limit) at once. It must not outlive what it captures:
  /// see forget(). `source` may have as many waiting as are left for others, so that these always find a place.
  std::uint64_t ask(OperationId operation, base::SecretBytes payload, std::string source, Answer answer);
  /// The answer of this request is no longer wanted. It has its place until the vault is done with it.
  void forget(std::uint64_t id);
  std::size_t waiting() const noexcept { return waiting_.size(); }

 private:
  struct Waiting {
    std::string source;
    Answer answer;  // none: forgotten
  };
  void connect();
  void lost(const base::Error& why);
  void wait_readable();
  void flush();
  void deliver();
  std::size_t waiting_of(const std::string& source) const;

  std::filesystem::path socket_;
  boost::asio::steady_timer retry_;
  std::optional<VaultConnection> connection_;
  boost::asio::posix::stream_descriptor descriptor_;  // borrows connection_'s descriptor
  std::unordered_map<std::uint64_t, Waiting> waiting_;
  std::uint64_t generation_ = 0;  // of the connection: old handlers must not touch a new one
  bool writing_ = false;
};

}  // namespace sallyport::app
