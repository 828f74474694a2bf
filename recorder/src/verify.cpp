#include "sallyport/recorder/verify.hpp"

#include <deque>

#include "merkle.hpp"
#include "record_cursor.hpp"

namespace sallyport::recorder {

using base::Result;

namespace {

/// One pass over a recording. Gathers the report; stops at the first thing that is wrong.
class Verifier {
 public:
  Verifier(ChunkReader chunks, const Expectation& expected, const std::function<void(const Record&)>& each)
      : chunks_(std::move(chunks)), expected_(expected), each_(each) {
    report_.bytes = chunks_.position();
  }
  Result<VerifyReport> run();

 private:
  Result<bool> take(const Chunk& chunk);
  void on_record(const Chunk& chunk, const Record& record);
  void on_checkpoint(const Chunk& chunk, const CheckpointRecord& checkpoint);
  void on_end(const Chunk& chunk, const Totals& totals);
  void compare(const Chunk& chunk, const std::optional<Mark>& mark, const char* which);
  void conclude(const Step& last);
  void found(RecordingState state, Finding finding);
  bool stopped() const noexcept { return report_.finding.has_value(); }

  ChunkReader chunks_;
  const Expectation& expected_;
  const std::function<void(const Record&)>& each_;
  VerifyReport report_;
  MerkleRoot merkle_;
  std::deque<Mark> recent_;  ///< that a CHECKPOINT may name
  std::uint64_t files_ = 0;
  bool empty_ = true;  ///< nothing but META, checkpoints and END
};

void Verifier::found(RecordingState state, Finding finding) {
  if (stopped()) return;
  report_.state = state;
  report_.finding = std::move(finding);
}

Result<VerifyReport> Verifier::run() {
  const auto& session = chunks_.header().session;
  if (expected_.session && *expected_.session != session) {
    found(RecordingState::tampered, {std::nullopt, 0, "it is the recording of another session, " + session.text()});
    return report_;
  }
  for (;;) {
    SALLYPORT_TRY(auto step, chunks_.next());
    if (step.kind != Step::Kind::chunk) {
      conclude(step);
      return report_;
    }
    SALLYPORT_TRY(auto good, take(step.chunk));
    if (!good) return report_;
  }
}

Result<bool> Verifier::take(const Chunk& chunk) {
  RecordCursor cursor(chunk);
  for (;;) {
    auto record = cursor.next();
    if (!record) {
      if (record.error().code() != base::Errc::corrupt) return record.error();
      found(RecordingState::tampered,
            {chunk.clear.sequence, chunk.offset, "the chunk verifies, but its content cannot be read"});
      return false;
    }
    if (!record.value()) break;
    on_record(chunk, *record.value());
  }
  compare(chunk, expected_.last_checkpoint, "the last checkpoint");
  compare(chunk, expected_.end, "the end");
  if (stopped()) return false;
  merkle_.add(chunk.hash);
  recent_.push_back({chunk.clear.sequence, chunk.hash});
  if (recent_.size() > kCheckpointReach) recent_.pop_front();
  ++report_.chunks;
  report_.bytes = chunks_.position();
  return true;
}

void Verifier::on_record(const Chunk& chunk, const Record& record) {
  report_.duration_ms = record.time_ms;
  const auto& body = record.body;
  empty_ = empty_ && (std::holds_alternative<MetaRecord>(body) || std::holds_alternative<CheckpointRecord>(body) ||
                      std::holds_alternative<EndRecord>(body));
  if (each_) each_(record);
  if (std::holds_alternative<GapRecord>(record.body)) ++report_.gaps;
  if (std::holds_alternative<FileEvent>(record.body)) ++files_;
  if (const auto* checkpoint = std::get_if<CheckpointRecord>(&record.body)) on_checkpoint(chunk, *checkpoint);
  if (const auto* end = std::get_if<EndRecord>(&record.body)) on_end(chunk, end->totals);
}

void Verifier::on_checkpoint(const Chunk& chunk, const CheckpointRecord& checkpoint) {
  const auto wrong = [&](const char* reason) {
    found(RecordingState::tampered, {chunk.clear.sequence, chunk.offset, reason});
  };
  const auto& mark = checkpoint.mark;
  if (recent_.empty() || mark.sequence < recent_.front().sequence || mark.sequence > recent_.back().sequence) {
    return wrong("the checkpoint names a chunk out of its reach");
  }
  if (recent_[static_cast<std::size_t>(mark.sequence - recent_.front().sequence)] != mark) {
    return wrong("the checkpoint was signed over another chunk than the one in this file");
  }
  const auto message = checkpoint_message(chunks_.header().session, mark);
  if (expected_.signer && !base::verify(*expected_.signer, message, checkpoint.signature)) {
    return wrong("the checkpoint's signature does not verify");
  }
  ++report_.checkpoints;
  report_.last_checkpoint = mark;
}

void Verifier::on_end(const Chunk& chunk, const Totals& totals) {
  const bool fits = totals.chunks == report_.chunks && totals.gaps == report_.gaps && totals.files == files_ &&
                    totals.root == merkle_.root();
  if (!fits)
    return found(RecordingState::tampered,
                 {chunk.clear.sequence, chunk.offset, "END's totals or root do not fit the recording"});
  report_.totals = totals;
}

/// Against a place in the chain that the audit log knows.
void Verifier::compare(const Chunk& chunk, const std::optional<Mark>& mark, const char* which) {
  if (!mark || mark->sequence != chunk.clear.sequence || mark->hash == chunk.hash) return;
  found(RecordingState::tampered, {chunk.clear.sequence, chunk.offset,
                                   std::string("the chunk is not the one that the audit log knows as ") + which});
}

void Verifier::conclude(const Step& last) {
  if (last.kind == Step::Kind::fault) return found(RecordingState::tampered, last.finding);
  if (expected_.never && empty_) {
    report_.state = RecordingState::none;
    return;
  }
  if (expected_.never)
    return found(RecordingState::tampered, {std::nullopt, 0, "the audit log knows of no recording, and here is one"});
  const auto short_of = [&](const std::optional<Mark>& mark) { return mark && mark->sequence >= report_.chunks; };
  const Finding here{report_.chunks, report_.bytes, "the file ends before a chunk that the audit log knows"};
  // After END nothing can be missing: a mark behind it means that this END is not the one that was made.
  if (report_.totals && (short_of(expected_.last_checkpoint) || short_of(expected_.end)))
    return found(RecordingState::tampered, here);
  if (short_of(expected_.last_checkpoint) || short_of(expected_.end)) return found(RecordingState::truncated, here);
  if (report_.totals && expected_.cut)
    return found(RecordingState::truncated, {report_.chunks, report_.bytes, "the audit log does not know its END"});
  if (report_.totals) {
    report_.state = report_.gaps > 0 ? RecordingState::gap : RecordingState::complete;
  } else if (expected_.running) {
    report_.state = RecordingState::running;  // half a chunk at the end may just be on its way
  } else if (last.kind == Step::Kind::cut) {
    found(RecordingState::truncated, last.finding);
  } else {
    found(RecordingState::truncated, {report_.chunks, report_.bytes, "the recording has no END"});
  }
}

}  // namespace

std::string VerifyReport::describe() const {
  std::string line(to_string(state));
  if (state == RecordingState::none) return line + ": the session ended before its recording began";
  if (finding) return line + ": " + recorder::describe(*finding);
  return line + ": " + std::to_string(chunks) + " chunks, " + std::to_string(checkpoints) + " checkpoints, " +
         std::to_string(gaps) + " gaps";
}

Result<VerifyReport> verify(Source* source, const base::SecretBytes& data_key, const Expectation& expected,
                            const std::function<void(const Record&)>& each) {
  VerifyReport report;
  if (expected.never && (source == nullptr || source->size() == 0)) {
    report.state = RecordingState::none;
    return report;
  }
  if (source == nullptr || source->size() == 0) {
    report.finding =
        Finding{std::nullopt, 0, source == nullptr ? "the recording is not there" : "the recording is empty"};
    return report;
  }
  auto chunks = ChunkReader::open(*source, data_key);
  if (!chunks) {
    if (chunks.error().code() != base::Errc::corrupt) return chunks.error();
    SALLYPORT_TRY(auto cut, header_is_cut(*source));
    if (cut && expected.never) {
      report.state = RecordingState::none;
      return report;
    }
    report.state = cut ? RecordingState::truncated : RecordingState::tampered;
    report.finding = Finding{std::nullopt, 0, chunks.error().context()};
    return report;
  }
  return Verifier(std::move(chunks).value(), expected, each).run();
}

}  // namespace sallyport::recorder
