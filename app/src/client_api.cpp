#include "client_api.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "cli_advice.hpp"
#include "client_problem.hpp"
#include "client_request.hpp"
#include "client_token.hpp"
#include "record_json.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::app {
namespace {

constexpr std::size_t kMaxAnswer = 1U << 20U;
constexpr long kConnectSeconds = 10;
constexpr long kSeconds = 60;

// A secret as a C string, for as long as this lives.
class Terminated {
 public:
  Terminated(std::string_view before, const base::SecretBytes& secret) : text_(before.size() + secret.size() + 1) {
    auto out = text_.expose_mutable();
    std::memcpy(out.data(), before.data(), before.size());
    std::memcpy(out.data() + before.size(), secret.expose().data(), secret.size());
  }
  const char* c_str() const { return reinterpret_cast<const char*>(text_.expose().data()); }

 private:
  base::SecretBytes text_;
};

}  // namespace

// One request and its answer. libcurl calls back into it; nothing may throw there.
class ApiClient::Transfer {
 public:
  using Take = std::function<base::Result<>(base::ByteView)>;

  explicit Transfer(const ServerAddress& address) : address_(address), curl_(curl_easy_init()), headers_(nullptr) {}
  ~Transfer() {
    curl_slist_free_all(at_);
    for (auto* at = headers_; at != nullptr; at = at->next) {  // one of them holds the token
      base::wipe({reinterpret_cast<std::uint8_t*>(at->data), std::strlen(at->data)});
    }
    curl_slist_free_all(headers_);
    curl_easy_cleanup(curl_);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  void header(const char* line) { headers_ = curl_slist_append(headers_, line); }
  void set_body(Payload body) { body_ = std::move(body); }
  void trust_anybody() { proven_ = false; }
  void set_asked(Asked asked) { asked_ = std::move(asked); }
  void set_take(const Take* take) { take_ = take; }

  base::Result<> run(std::string_view method, const std::string& target) {
    if (curl_ == nullptr) return base::fail(base::Errc::internal, "libcurl can't start");
    set_options(std::string(method), address_.url + target);
    const CURLcode code = curl_easy_perform(curl_);
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status_);
    if (taken_) return *taken_;
    if (code != CURLE_OK) return failure(code);
    if (status_ < 200 || status_ > 299) return problem_of(answer(), status_, asked_with_time());
    return base::ok();
  }

  base::ByteView answer() const { return answer_.expose().first(used_); }

 private:
  template <class T>
  void set(CURLoption option, T value) {
    curl_easy_setopt(curl_, option, value);
  }

  void set_options(const std::string& method, const std::string& url) {
    set(CURLOPT_URL, url.c_str());
    if (!address_.at.empty()) {
      at_ = curl_slist_append(nullptr, ("::" + address_.at).c_str());  // for every host and port
      set(CURLOPT_CONNECT_TO, at_);
    }
    set(CURLOPT_CUSTOMREQUEST, method.c_str());
    set(CURLOPT_PROTOCOLS_STR, "https");
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_SSL_VERIFYPEER, proven_ ? 1L : 0L);
    set(CURLOPT_SSL_VERIFYHOST, proven_ ? 2L : 0L);
    trust();
    set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, kSeconds);
    set(CURLOPT_ERRORBUFFER, why_.data());
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_answer);
    set(CURLOPT_WRITEDATA, this);
    if (!body_.empty()) set_upload();
    header("Accept: application/json");
    set(CURLOPT_HTTPHEADER, headers_);
  }

  void trust() {
    if (address_.ca.empty() && address_.ca_pem.empty()) return;
    curl_blob text{const_cast<char*>(address_.ca_pem.data()), address_.ca_pem.size(), CURL_BLOB_COPY};  // only read
    if (!address_.ca_pem.empty())
      set(CURLOPT_CAINFO_BLOB, &text);
    else
      set(CURLOPT_CAINFO, address_.ca.c_str());
    set(CURLOPT_CAPATH, nullptr);
  }

  void set_upload() {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_READFUNCTION, &Transfer::on_body);
    set(CURLOPT_READDATA, this);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_.size()));
    header("Content-Type: application/json");
    header("Expect:");
  }

  Asked asked_with_time() const {
    Asked asked = asked_;
    curl_header* date = nullptr;
    if (curl_easy_header(curl_, "date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK) asked.server_time = date->value;
    return asked;
  }

  base::Error failure(CURLcode code) const {
    const std::string why = base::escape_text(why_[0] != 0 ? why_.data() : curl_easy_strerror(code));
    // A request that left in full may have been carried out.
    if (code == CURLE_OPERATION_TIMEDOUT) {
      const bool changes = asked_.operation != nullptr && asked_.operation->method != "GET";
      return advise(base::fail(base::Errc::timed_out, address_.url + ": " + why),
                    changes ? "it may or may not have been done; look before you try again" : "");
    }
    const bool stranger = code == CURLE_PEER_FAILED_VERIFICATION;
    return advise(base::fail(base::Errc::closed, address_.url + " can't be reached: " + why),
                  stranger ? "it does not prove to be the server that `ca` stands for; see: sallyport setup --help"
                           : "is the server running, and is its address right? see: sallyport doctor");
  }

  static std::size_t on_body(char* out, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const auto rest = transfer.body_.view().subspan(transfer.sent_);
    const std::size_t part = std::min(size * count, rest.size());
    std::memcpy(out, rest.data(), part);
    transfer.sent_ += part;
    return part;
  }

  static std::size_t on_answer(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const base::ByteView bytes(reinterpret_cast<const std::uint8_t*>(data), size * count);
    return transfer.accept(bytes) ? bytes.size() : 0;
  }

  bool accept(base::ByteView bytes) {
    long status = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    if (take_ != nullptr && status >= 200 && status <= 299) {
      auto took = (*take_)(bytes);
      if (!took) taken_ = took.error();
      return took.has_value();
    }
    if (bytes.size() > kMaxAnswer - used_) return false;
    if (used_ + bytes.size() > answer_.size()) grow(used_ + bytes.size());
    std::memcpy(answer_.expose_mutable().data() + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
    return true;
  }

  void grow(std::size_t least) {
    base::SecretBytes bigger(std::min(kMaxAnswer, std::max(least, 2 * answer_.size())));
    std::memcpy(bigger.expose_mutable().data(), answer_.expose().data(), used_);
    answer_ = std::move(bigger);
  }

  const ServerAddress& address_;
  CURL* curl_;
  curl_slist* headers_;
  curl_slist* at_ = nullptr;
  bool proven_ = true;
  Asked asked_;
  Payload body_;
  std::size_t sent_ = 0;
  base::SecretBytes answer_{16384};
  std::size_t used_ = 0;
  long status_ = 0;
  const Take* take_ = nullptr;
  std::optional<base::Error> taken_;
  std::array<char, CURL_ERROR_SIZE> why_{};
};

ApiClient::ApiClient(ServerAddress address) : address_(std::move(address)) {}
ApiClient::ApiClient(ApiClient&&) noexcept = default;
ApiClient& ApiClient::operator=(ApiClient&&) noexcept = default;
ApiClient::~ApiClient() = default;

base::Result<ApiClient> ApiClient::create(ServerAddress address) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) return base::fail(base::Errc::internal, "libcurl can't start");
  return ApiClient(std::move(address));
}

base::Result<> ApiClient::start(Transfer& transfer, const Operation& operation, const Record& input) const {
  SALLYPORT_ENSURE(!operation.path.empty());
  transfer.set_asked(asked_of(operation, input, !token_.empty()));
  if (!token_.empty()) {
    const Terminated line("Authorization: Bearer ", token_);
    transfer.header(line.c_str());
  }
  if (!carries_body(operation)) {
    SALLYPORT_TRYV(check(input));
    return transfer.run(operation.method, path_of(operation, input) + query_of(operation, input));
  }
  SALLYPORT_TRYV(check(input));
  SALLYPORT_TRY(auto body, body_of(operation, input));
  transfer.set_body(std::move(body));
  return transfer.run(operation.method, path_of(operation, input));
}

base::Result<Record> ApiClient::call(OperationId id, const Record& input) {
  const auto& operation = *find_operation(id);
  Transfer transfer(address_);
  const auto sent = start(transfer, operation, input);
  // A vault that takes no writes says so by 503, and tells its health all the same.
  const bool tells = id == OperationId::health && !transfer.answer().empty() && inside_error(transfer.answer()).empty();
  if (!sent && !tells) return sent.error();
  if (operation.output.empty()) return Record(operation.output);
  auto record = from_json(transfer.answer(), operation.output, Unknown::pass_over);
  if (!record)
    return base::fail(base::Errc::internal, "the server's answer is not understood: " + record.error().context());
  return record;
}

base::Result<> ApiClient::download(OperationId id, const Record& input,
                                   const std::function<base::Result<>(base::ByteView)>& take) {
  Transfer transfer(address_);
  transfer.set_take(&take);
  return start(transfer, *find_operation(id), input);
}

base::Result<base::Bytes> ApiClient::get(const std::string& path, std::size_t max) {
  Transfer transfer(address_);
  return fetch(transfer, path, max);
}

base::Result<base::Bytes> ApiClient::fetch(Transfer& transfer, const std::string& path, std::size_t max) {
  base::Bytes out;
  const Transfer::Take take = [&](base::ByteView bytes) -> base::Result<> {
    if (bytes.size() > max - out.size()) return base::fail(base::Errc::limit, path + " is too long");
    out.insert(out.end(), bytes.begin(), bytes.end());
    return base::ok();
  };
  transfer.set_take(&take);
  const auto got = transfer.run("GET", path);
  transfer.set_take(nullptr);
  if (!got) return got.error();
  return out;
}

base::Result<base::Bytes> ApiClient::get_unproven(const std::string& url, const std::string& path, std::size_t max) {
  SALLYPORT_TRY(const auto client, create({.url = url}));
  Transfer transfer(client.address_);
  transfer.trust_anybody();
  return fetch(transfer, path, max);
}

base::Result<ApiClient> plain_client(const Invocation& line) {
  SALLYPORT_TRY(auto address, find_server(line));
  return ApiClient::create(std::move(address));
}

base::Result<ApiClient> signed_in_client(const Invocation& line) {
  SALLYPORT_TRY(auto client, plain_client(line));
  SALLYPORT_TRY(auto token, load_token(client.address().url));
  client.set_token(std::move(token));
  return client;
}

}  // namespace sallyport::app
