// What happened besides the screen, one JSON object a line.
#include <algorithm>

#include "json_text.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/recorder/export.hpp"

namespace sallyport::recorder {

using base::Result;

namespace {

std::string meta_json(const Meta& meta) {
  JsonObject object;
  for (const auto& [name, value] : meta) object.text(name, value);
  return std::move(object).take();
}

/// Adds what the record says; false for records that are no facts (output, resizes, counts, repeated channels).
struct Describe {
  JsonObject& out;

  bool operator()(const OutputRecord&) const { return false; }
  bool operator()(const ResizeRecord&) const { return false; }
  bool operator()(const CountsRecord&) const { return false; }
  bool operator()(const OpenedRecord& record) const {
    out.text("type", "channel_opened").number("channel", record.channel).text("kind", to_string(record.kind));
    return !record.again;
  }
  bool operator()(const ClosedRecord& record) const {
    out.text("type", "channel_closed").number("channel", record.channel);
    if (record.exit_status) out.number("exit_status", *record.exit_status);
    return true;
  }
  bool operator()(const CommandRecord& record) const {
    out.text("type", "exec").number("channel", record.channel).bytes("text", record.text);
    return true;
  }
  bool operator()(const FileEvent& event) const {
    out.text("type", "file").number("channel", event.channel).text("how", to_string(event.how));
    out.text("action", to_string(event.action)).text("direction", to_string(event.direction));
    out.bytes("path", event.path).number("size", event.size).text("outcome", to_string(event.outcome));
    if (event.sha256) out.text("sha256", base::hex(*event.sha256));
    if (!event.other_path.empty()) out.bytes("other_path", event.other_path);
    if (!event.detail.empty()) out.text("detail", event.detail);
    return true;
  }
  bool operator()(const GapRecord& gap) const {
    out.text("type", "gap").number("from_ms", gap.from_ms).number("to_ms", gap.to_ms).number("bytes", gap.bytes);
    out.text("reason", to_string(gap.reason)).bytes("text", gap.text);
    return true;
  }
  bool operator()(const CheckpointRecord& checkpoint) const {
    out.text("type", "checkpoint")
        .number("chunk", checkpoint.mark.sequence)
        .text("hash", base::hex(checkpoint.mark.hash));
    return true;
  }
  bool operator()(const EndRecord& end) const {
    const auto& totals = end.totals;
    out.text("type", "end").text("reason", to_string(totals.reason)).bytes("text", totals.text);
    out.number("duration_ms", totals.duration_ms).number("output_bytes", totals.output_bytes);
    out.number("input_bytes", totals.input_bytes).number("files", totals.files).number("gaps", totals.gaps);
    out.text("root", base::hex(totals.root));
    return true;
  }
  bool operator()(const MetaRecord& meta) const {
    out.text("type", "session").raw("meta", meta_json(meta.fields));
    return true;
  }
};

/// Saturates: a hostile time must not overflow, and what lies after year 9999 prints as that.
base::WallTime at(base::WallTime start, std::uint64_t ms) {
  constexpr std::int64_t kLast = 253402300799999;
  const auto from = base::to_unix_ms(start);
  const auto room = static_cast<std::uint64_t>(kLast - from);
  return base::from_unix_ms(from + static_cast<std::int64_t>(std::min(ms, room)));
}

/// Of that channel, or of none.
struct IsAbout {
  ChannelNumber channel;

  bool operator()(const OpenedRecord& record) const { return record.channel == channel; }
  bool operator()(const ClosedRecord& record) const { return record.channel == channel; }
  bool operator()(const CommandRecord& record) const { return record.channel == channel; }
  bool operator()(const FileEvent& event) const { return event.channel == channel; }
  template <class Other>
  bool operator()(const Other& /*of the session*/) const {
    return true;
  }
};

std::string damage_line(const Header& header, const std::string& damage) {
  JsonObject object;
  object.text("session", header.session.text()).text("type", "damage").text("text", damage);
  return std::move(object).take() + "\n";
}

}  // namespace

Result<> export_facts(Reader& reader, const FactsOptions& options, const TextSink& sink) {
  for (;;) {
    auto record = reader.next();
    if (!record && (options.damage.empty() || record.error().code() != base::Errc::corrupt)) return record.error();
    if (!record || !record.value())
      return options.damage.empty() ? base::ok() : sink(damage_line(reader.header(), options.damage));
    const auto& body = record.value()->body;
    if (options.channel && !std::visit(IsAbout{*options.channel}, body)) continue;
    const auto time = record.value()->time_ms;
    JsonObject object;
    object.number("time_ms", time).text("at", base::format_time(at(reader.header().started, time)));
    object.text("session", reader.header().session.text());
    if (!std::visit(Describe{object}, body)) continue;
    SALLYPORT_TRYV(sink(std::move(object).take() + "\n"));
  }
}

}  // namespace sallyport::recorder
