#pragma once
// One TLS connection: reads a request, asks the vault, writes the answer, again. Callbacks on the server's one thread.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "http_api.hpp"
#include "http_head.hpp"
#include "http_server.hpp"
#include "vault_link.hpp"

namespace sallyport::app {

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  using Clock = std::chrono::steady_clock;
  using Socket = boost::asio::ip::tcp::socket;

  /// What the server wants to hear of a connection.
  struct Events {
    std::function<void()> proven;  ///< the vault took a token or a sign-in that came through it; each time
    std::function<void()> works;   ///< a whole request is there ...
    std::function<void()> rests;   ///< ... and it is answered, or its answer does not get on
    std::function<void()> gone;    ///< from the destructor
  };

  HttpConnection(Socket socket, boost::asio::ssl::context& tls, VaultLink& vault, const HttpServerConfig& config,
                 std::string source, Events events);
  ~HttpConnection();

  void start();
  bool overdue(Clock::time_point now) const { return now > deadline_; }
  /// From time to time: tells of a client that hardly reads.
  void look(Clock::time_point now);
  /// The caller holds it: nobody else may, afterwards.
  void abort();

 private:
  using Code = boost::system::error_code;
  void allow(std::chrono::seconds time) { deadline_ = Clock::now() + time; }
  void read_head();
  void on_head(std::size_t size);
  void begin_request(HttpHead& head);
  void read_body(std::uint64_t length);
  void fill_body();
  void dispatch();
  void on_answer(base::Result<Payload> answer);
  void refuse(const base::Error& error, unsigned status = 0);
  void send(Payload message);
  void send_file(const Record& record);
  void next_piece();
  void finished();
  void close();
  base::Result<base::SecretBytes> locked_body();

  boost::asio::ssl::stream<Socket> stream_;
  VaultLink& vault_;
  const HttpServerConfig& config_;
  std::string source_;
  Events events_;
  Clock::time_point deadline_;

  base::Bytes in_;  // read and not yet used; wiped as it is used
  std::size_t used_ = 0;
  std::string request_id_;
  bool keep_alive_ = true;
  std::optional<ApiCall> call_;
  std::optional<base::SecretBytes> token_;
  base::Bytes body_;  // wiped; moved into locked memory once it is whole and holds a secret
  std::size_t body_have_ = 0;
  bool proves_ = false;  // a good answer to this request shows who is there
  std::uint64_t asked_ = 0;
  Payload out_;
  std::optional<Clock::time_point> writes_since_;
  bool stuck_ = false;                    // it rests, and is to work again
  std::shared_ptr<HttpConnection> hold_;  // while the vault works and nothing is read: nobody else holds this
  base::UniqueFd file_;                   // a recording on its way
  std::uint64_t file_left_ = 0;
};

}  // namespace sallyport::app
