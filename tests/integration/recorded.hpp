#pragma once
// What a recording of the test broker holds, as plain values.
#include <vector>

#include "broker_fixture.hpp"
#include "sallyport/recorder/reader.hpp"

namespace sallyport::test {

struct Recorded {
  std::string output;
  std::vector<std::string> commands;
  std::vector<std::string> files;  ///< path, other path and detail of each file event
  std::vector<std::string> sizes;  ///< "columns x rows", in order
  std::size_t checkpoints = 0;
  bool ended = false;
};

/// Of a session that is over. Throws if the recording cannot be read to its end.
inline Recorded read_recording(const std::filesystem::path& file) {
  auto source = recorder::FileSource::open(file);
  if (!source) throw std::runtime_error(source.error().describe());
  auto reader = recorder::Reader::open(std::move(source).value(), base::SecretBytes::copy(base::Bytes(32, 7)));
  if (!reader) throw std::runtime_error(reader.error().describe());
  Recorded out;
  for (;;) {
    auto record = reader.value().next();
    if (!record) throw std::runtime_error(record.error().describe());
    if (!record.value()) break;
    const auto& body = record.value()->body;
    if (const auto* bytes = std::get_if<recorder::OutputRecord>(&body)) out.output += base::as_text(bytes->bytes);
    if (const auto* command = std::get_if<recorder::CommandRecord>(&body)) out.commands.emplace_back(command->text);
    if (const auto* event = std::get_if<recorder::FileEvent>(&body))
      out.files.push_back(event->path + " " + event->other_path + " " + event->detail);
    if (const auto* size = std::get_if<recorder::ResizeRecord>(&body))
      out.sizes.push_back(std::to_string(size->columns) + "x" + std::to_string(size->rows));
    if (std::holds_alternative<recorder::CheckpointRecord>(body)) ++out.checkpoints;
  }
  out.ended = reader.value().ended();
  return out;
}

}  // namespace sallyport::test
