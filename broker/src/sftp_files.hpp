#pragma once
// What an SftpTracker remembers: of a file that is open, and of a request without an answer.
#include "sallyport/broker/sftp_tracker.hpp"
#include "sftp_request.hpp"

namespace sallyport::broker {

/// One opening of a file, from OPEN to the answer of its CLOSE. Requests keep hold of it, so that what they do is never
/// booked to another file that was given the same handle later.
struct SftpTracker::File {
  recorder::FileEvent event;  ///< of the upload
  std::string handle;
  bool writes = false;   ///< WRITE may go on
  bool changes = false;  ///< opening alone may have changed the target
  bool closing = false;  ///< CLOSE has passed: no request may name it
  bool closed = false;   ///< and was answered
  bool done = false;     ///< with a yes
  bool failed = false;   ///< the target refused a part of it
  bool reported = false;
  std::size_t reads = 0;    ///< not answered yet
  std::size_t writing = 0;  ///< not answered yet
  std::uint64_t confirmed = 0;
  std::optional<InOrderHash> read;     ///< from the first READ's answer on
  std::optional<InOrderHash> written;  ///< from OPEN for writing on
};

/// What a request asked, until its reply passes.
struct SftpTracker::Pending {
  SftpRequest::Kind kind = SftpRequest::Kind::look;
  std::uint64_t order = 0;
  std::optional<recorder::FileEvent> event;  ///< due with the reply, whatever that is
  std::shared_ptr<File> file;                ///< that it opens, reads, writes or closes
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// What a path in it takes of SftpTracker::kMaxText.
inline std::size_t text_size(const recorder::FileEvent& event) { return event.path.size() + event.other_path.size(); }

}  // namespace sallyport::broker
