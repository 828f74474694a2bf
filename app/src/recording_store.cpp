#include "recording_store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "sallyport/base/fd.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::app {
namespace {

base::Result<base::UniqueFd> unlinked_file() {
  auto path = (std::filesystem::temp_directory_path() / "sallyport-XXXXXX").string();
  base::UniqueFd fd(::mkostemp(path.data(), O_CLOEXEC));
  if (!fd) return base::fail_errno("can't make a temporary file", errno);
  ::unlink(path.c_str());
  return fd;
}

base::Result<std::unique_ptr<recorder::Source>> download(ApiClient& client, const Record& input) {
  SALLYPORT_TRY(auto fd, unlinked_file());
  const auto took = client.download(OperationId::recording_content, input,
                                    [&](base::ByteView bytes) { return base::write_all(fd.get(), bytes); });
  if (!took && took.error().code() == base::Errc::not_found) return std::unique_ptr<recorder::Source>();
  if (!took) return took.error();
  SALLYPORT_TRY(auto source, recorder::FileSource::from_fd(std::move(fd)));
  return std::unique_ptr<recorder::Source>(std::move(source));
}

base::Result<std::unique_ptr<recorder::Source>> from_disk(const std::string& file) {
  SALLYPORT_TRY(auto source, recorder::FileSource::open(file));
  return std::unique_ptr<recorder::Source>(std::move(source));
}

template <std::size_t N>
base::Result<std::array<std::uint8_t, N>> exactly(base::ByteView bytes, const char* what) {
  if (bytes.size() != N)
    return base::fail(base::Errc::internal, std::string("the server's answer has a malformed ") + what);
  std::array<std::uint8_t, N> out{};
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

base::Result<std::optional<recorder::Mark>> mark(const Record& output, const char* sequence, const char* hash) {
  if (!output.has(hash)) return std::optional<recorder::Mark>();
  SALLYPORT_TRY(const auto digest, exactly<32>(output.bytes(hash), hash));
  return std::optional<recorder::Mark>(recorder::Mark{output.number(sequence), digest});
}

base::Result<recorder::Expectation> expectation(const Record& output) {
  recorder::Expectation expected;
  SALLYPORT_TRY(auto session, base::SessionId::parse(output.text("id")));
  expected.session = std::move(session);
  SALLYPORT_TRY(expected.last_checkpoint, mark(output, "checkpoint_sequence", "checkpoint_hash"));
  SALLYPORT_TRY(expected.end, mark(output, "end_sequence", "end_hash"));
  SALLYPORT_TRY(expected.signer, exactly<32>(output.bytes("signer"), "signer"));
  expected.running = output.flag("live");
  const auto known = output.text("recording");
  expected.cut = !expected.running && (known == "truncated" || known == "missing");
  expected.never = known == "none";
  return expected;
}

// "recording play" opens it to play; what leaves for good is named.
std::string purpose_of(const Invocation& line) {
  const auto& words = line.command().words;
  const auto form = line.maybe("format");
  return form == "key" ? "export its key" : words.substr(words.rfind(' ') + 1);
}

}  // namespace

base::Result<OpenedRecording> open_recording(const Invocation& line, const std::string& id,
                                             const std::optional<std::string>& file) {
  SALLYPORT_TRY(auto client, signed_in_client(line));
  Record open(find_operation(OperationId::recording_open)->input);
  open.set("id", id).set("purpose", purpose_of(line));
  SALLYPORT_TRY(auto output, client.call(OperationId::recording_open, open));
  Record input(find_operation(OperationId::recording_content)->input);
  input.set("id", id);
  OpenedRecording opened;
  opened.id = id;
  SALLYPORT_TRY(opened.expected, expectation(output));
  opened.vault_state = output.text("recording");
  opened.data_key = output.take_secret("data_key");
  SALLYPORT_TRY(opened.source, file ? from_disk(*file) : download(client, input));
  return opened;
}

}  // namespace sallyport::app
