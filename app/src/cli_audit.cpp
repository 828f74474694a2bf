// audit verify, audit export.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include <fmt/format.h>

#include "asking_again.hpp"
#include "cli_groups.hpp"
#include "client_vault.hpp"
#include "output.hpp"
#include "sallyport/audit/event.hpp"
#include "sallyport/audit/log_file.hpp"
#include "sallyport/base/fd.hpp"
#include "sallyport/base/file.hpp"
#include "sallyport/base/file_replacement.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::app {
namespace {

constexpr std::size_t kMaxKeyText = 1024;

// A key's own text (name+id+key), or the file that holds it.
base::Result<std::string> text_or_file(const std::string& given) {
  const auto bytes = base::read_file(given, audit::kMaxNote);
  if (!bytes && std::count(given.begin(), given.end(), '+') < 2) return bytes.error().within("--key");
  if (!bytes) return given;
  std::string text(base::as_text(bytes.value()));
  while (text.size() <= kMaxKeyText && text.ends_with('\n')) text.pop_back();
  return text;
}

base::Result<audit::LogFileOptions> judge_by(const Invocation& line) {
  audit::LogFileOptions options;
  if (const auto given = line.maybe("key")) {
    SALLYPORT_TRY(const auto text, text_or_file(*given));
    SALLYPORT_TRY(auto key, audit::parse_verifier_key(text));
    options.key = std::move(key);
  }
  if (const auto given = line.maybe("expect")) {
    SALLYPORT_TRY(const auto bytes, base::read_file(*given, audit::kMaxNote));
    const auto note = base::as_text(bytes);
    SALLYPORT_TRY(auto checkpoint,
                  options.key ? audit::verify_checkpoint(note, *options.key) : audit::parse_checkpoint(note));
    options.expectation.checkpoint = std::move(checkpoint);
  }
  return options;
}

std::string_view place(audit::Break::Where where) {
  switch (where) {
    case audit::Break::Where::header:
      return "header";
    case audit::Break::Where::entry:
      return "entry";
    case audit::Break::Where::checkpoint:
      return "checkpoint";
    case audit::Break::Where::tail:
      break;
  }
  return "tail";
}

constexpr auto kVerdict = std::to_array<Field>({
    {"ok", FieldType::flag, 0, true, "intact"},
    {"entries", FieldType::number, 0, true, "that are good"},
    {"checkpoints", FieldType::number, 0, true, "that are good"},
    {"root", FieldType::text, 64, true, "Merkle root over them, hex"},
    {"key", FieldType::text, 400, false, "that signed it, as the file says"},
    {"broken", FieldType::text, 32, false, "header, entry, checkpoint or tail"},
    {"index", FieldType::number, 0, false, "of what is broken"},
    {"problem", FieldType::text, 1024, false, "a sentence"},
});

Record verdict(const audit::LogFileReport& found) {
  Record record(kVerdict);
  record.set_flag("ok", found.report.intact()).set("entries", found.report.entries);
  record.set("checkpoints", found.report.checkpoints).set("root", base::hex(found.report.root));
  if (found.key) record.set("key", audit::format_verifier_key(*found.key));
  if (const auto& broken = found.report.broken) {
    record.set("broken", place(broken->where))
        .set("index", broken->index)
        .set("problem", base::escape_text(broken->why, 1000));
  }
  return record;
}

base::Result<int> verify_file(const Invocation& line, const std::string& file, bool json) {
  SALLYPORT_TRY(auto options, judge_by(line));
  const base::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return base::fail_errno("can't open " + file, errno);
  SALLYPORT_TRY(const auto found, audit::verify_log(fd.get(), options));
  if (json) {
    SALLYPORT_TRYV(print(verdict(found), "audit.verify", "", true));
  } else {
    SALLYPORT_TRYV(print_text(found.report.text() + "\n"));
  }
  if (!json && !options.key && found.key) {
    SALLYPORT_TRYV(
        print_text("signed by the file's own key; compare it: " + audit::format_verifier_key(*found.key) + "\n"));
  }
  return found.report.intact() ? 0 : 1;
}

base::Result<int> run_verify(const Invocation& line) {
  SALLYPORT_TRY(const bool json, line.json());
  if (const auto file = line.maybe("file")) return verify_file(line, *file, json);
  SALLYPORT_TRY(const auto output,
                ask_any(line, OperationId::audit_verify, Record(find_operation(OperationId::audit_verify)->input)));
  SALLYPORT_TRYV(print(output, "audit.verify", "", json));
  return output.flag("ok") ? 0 : 1;
}

base::Result<int> run_acknowledge(const Invocation& line) {
  SALLYPORT_TRY(const bool json, line.json());
  Record input(find_operation(OperationId::audit_acknowledge)->input);
  input.set("reason", line.one("reason"));
  SALLYPORT_TRY(const auto output, ask_vault(line, OperationId::audit_acknowledge, input));
  SALLYPORT_TRYV(print(output, "audit.acknowledge", "", json));
  return 0;
}

using Piece = std::function<base::Result<>(base::ByteView)>;

bool is_out_of_reach(const base::Error& error) {
  return error.code() == base::Errc::closed || error.code() == base::Errc::unavailable ||
         error.code() == base::Errc::timed_out;
}

// A server that starts again, or a connection that breaks, costs a piece and not the export.
base::Result<Record> ask_piece(const Invocation& line, const Record& input) {
  const bool begun = input.has("export");
  return ask_again(
      {.most = begun ? 5 : 1, .pause = std::chrono::seconds{2}},
      [&] { return ask_any(line, OperationId::audit_export, input); }, is_out_of_reach);
}

// Piece by piece, each the server's answer to where the one before ended.
base::Result<> export_log(const Invocation& line, const Piece& take) {
  Record input(find_operation(OperationId::audit_export)->input);
  for (;;) {
    SALLYPORT_TRY(const auto output, ask_piece(line, input));
    SALLYPORT_TRYV(take(output.bytes("data")));
    if (!output.has("next")) return base::ok();
    if (output.number("next") <= input.number("offset"))
      return base::fail(base::Errc::internal, "the export does not come to an end");
    input.set("export", output.number("export")).set("offset", output.number("next"));
  }
}

// One JSON object a line, from the events in the log file.
class JsonLines {
 public:
  base::Result<> feed(base::ByteView bytes) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    base::Reader in(buffer_);
    std::size_t used = 0;
    while (take_one(in)) used = buffer_.size() - in.remaining();
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(used));
    if (buffer_.size() > kMost) return base::fail(base::Errc::corrupt, "the log's framing is broken");
    return problem_ ? base::Result<>(*problem_) : print_text(std::exchange(text_, {}));
  }

 private:
  static constexpr std::string_view kMagic = "SALLYPORT AUDIT 1\n";
  static constexpr std::size_t kMost = 64U << 10U;
  static constexpr std::size_t kMaxBlock = 8U << 10U;

  bool take_one(base::Reader& in) {
    if (!header_) {
      auto magic = in.take(kMagic.size());
      header_ = magic && base::as_text(magic.value()) == kMagic && in.block(kMaxBlock);
      return header_;
    }
    const auto type = in.u8();
    const auto block = type ? in.block(kMaxBlock) : base::Result<base::ByteView>(type.error());
    if (!block) return false;
    if (type.value() == 'E') add(block.value());
    return !problem_;
  }

  void add(base::ByteView block) {
    base::Reader in(block);
    const auto index = in.u64();
    if (!index || !in.take(32)) {
      problem_ = base::fail(base::Errc::corrupt, "an entry of the log is cut short");
      return;
    }
    const auto event = audit::decode(in.rest());
    if (event)
      text_ += audit::to_json_line(index.value(), event.value()) + "\n";
    else
      problem_ = event.error();
  }

  base::Bytes buffer_;
  std::string text_;
  bool header_ = false;
  std::optional<base::Error> problem_;
};

base::Result<int> export_file(const Invocation& line, const std::string& file) {
  SALLYPORT_TRY(auto written, base::FileReplacement::begin(file));
  SALLYPORT_TRYV(export_log(line, [&](base::ByteView bytes) { return written.write(bytes); }));
  SALLYPORT_TRYV(written.commit());
  fmt::print(stderr, "written: {}; verify it with: sallyport audit verify {}\n", base::escape_text(file),
             base::escape_text(file));
  return 0;
}

base::Result<int> run_export(const Invocation& line) {
  const auto file = line.maybe("file");
  if (line.has("jsonl")) {
    if (file) return base::fail(base::Errc::invalid, "--jsonl writes to stdout; leave FILE out");
    JsonLines lines;
    SALLYPORT_TRYV(export_log(line, [&](base::ByteView bytes) { return lines.feed(bytes); }));
    return 0;
  }
  if (file) return export_file(line, *file);
  if (::isatty(STDOUT_FILENO) == 1)
    return base::fail(base::Errc::invalid, "the log file is binary: give FILE, or --jsonl");
  SALLYPORT_TRYV(export_log(line, [](base::ByteView bytes) { return base::write_all(STDOUT_FILENO, bytes); }));
  return 0;
}

}  // namespace

std::vector<Command> audit_commands() {
  std::vector<Command> commands;
  commands.push_back(
      {"audit verify",
       "Operators",
       "Verifies the audit log: the server's, or an exported file",
       "A file needs no server. Without --key the file shows only that it agrees with itself; without --expect a tail "
       "that was cut\n"
       "off together with its checkpoints goes unseen.",
       {{"file", ArgKind::positional, false, "FILE", "an exported log"},
        {"key", ArgKind::option, false, "KEY", "the log's verifier key, or a file that holds it"},
        {"expect", ArgKind::option, false, "FILE", "a checkpoint seen before, which the log must agree with"}},
       {"sallyport audit verify", "sallyport audit verify audit.log --key log.key"},
       run_verify});
  commands.push_back({"audit acknowledge",
                      "Operators",
                      "Says that a suspected rollback was looked at; ends its warning",
                      "A store that was put back or cut is told in status, doctor and audit verify until then. This is "
                      "an event in the "
                      "audit log.",
                      {{"reason", ArgKind::option, true, "REASON", "what was found; for the audit log"}},
                      {"sallyport audit acknowledge --reason 'restored from the backup of Monday, INC-4711'"},
                      run_acknowledge});
  commands.push_back(
      {"audit export",
       "Operators",
       "Writes the audit log as a file that anybody can verify",
       "",
       {{"file", ArgKind::positional, false, "FILE", "where to; stdout when it is left out and no terminal"},
        {"jsonl", ArgKind::flag, false, "", "one JSON object a line instead, for reading"}},
       {"sallyport audit export audit.log", "sallyport audit export --jsonl | jq 'select(.outcome == \"denied\")'"},
       run_export});
  return commands;
}

}  // namespace sallyport::app
