// A recording of version 1 of the format, as the program of then wrote it, and what version 2 adds.
#include "recording.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/recorder/export.hpp"

using namespace sallyport;
using namespace sallyport::recorder;
using namespace sallyport::recorder::test;

namespace {

/// A shell, a command, one file event of each action of version 1, a gap, two segments; key_of() opens it.
constexpr const char* kVersion1 =
    "U1BSRUMNChoAAQAAAAAAUwAAABBhYmNkZWZnaGlqa2xtbm9wAAABogRX6YDIYKnInSk8xgpG2BF8HhNKAAAAB3dyYXBwZWQAAQAAAAhyZWNvdm"
    "VyeQAAAAZzZWFsZWQAAAAAJSfFYW92LuQ0740Bdc3icf5I8epz3CIJf+xfKC2TuB1TUENLAQAAAAAAADsAAAAAAAAAAAAAAAAAAAAAAAAAADWq"
    "jiP57raid3Vd9yrYq77G5IIaBu5trCKlKi6wNtRDIO/kc88IcltZdSscQXg2irpieoKIzV7hg/KBCTa4LjkynMGmkgA6qhKFetSAgu8MHbdD0k"
    "mvJwedhzxTUENLAwEAAAAAAC0AAAAAAAAAAAAAAAEAAAAAAAAAABIULCg3PIKIT710fbJiJgUUMQHz9AKtC4UMtk45Ft2BDg3oFDCkt18Wa/N4"
    "UlNOyVYBzfaePbfUzrvRN8hb0s0oW3hL+vBFW/VnRpyTU1BDSwMBAAAAAAAXAAAAAAAAAAAAAAACAAAAAAAABdxFv0OJsT/CrxbqZF1HrR75Re"
    "IGkR8keCOYrmQfeVPe5quaUJrb4ewugoUzlskfk42UhmNWtFv8U1BDSwUBAAAAAAAfAAAAAAAAAAAAAAADAAAAAAAABdzl/xPPVASEH/wu42y1"
    "F6vvhEjEeiV/nWqqLS0pSqhh/PI3P0f2COMAp6mdSF9PnT1w4z4Ihkb6cFV7vZmGzONTUENLAwEAAAAAACsAAAAAAAAAAAAAAAQAAAAAAAAF3I"
    "yhdqShEtxOwzACnmgqZfmM+fQ40R6CxzpYTkJSpMM5wVrTRJ0CzMd3zqjBs+xwmDqiI7OLEKNXjNc9KFw3if39nan5xTJqr9ZBeVNQQ0sGAQAA"
    "AAAAcwAAAAAAAAAAAAAABQAAAAAAAAXcl4fXXQJheEaciCIbZbAz+1ogP+Jm1iGTmE/YE+NeW71JA2DBmL5a/F87aXQAfgAwoSwV7rDQ5cmRrj"
    "mEdkxPSigAZUyIn+aRr8JdcBfKdUNhKTHV86I8qcJAjXAZYhuGAdP2rcZ+xEJU39Ta+eeKLnFtARjCYB1NKSS/X0au9IKwykGXRmA9EKD5F7rA"
    "4QcFIESJU1BDSwMBAAAAAAAXAAAAAAAAAAAAAAAGAAAAAAAABdy1lriVB8YNvvhaBAarhQVLOGqzuAwDuUnIc4g8uMJ/xVhauktnFLOr6WcwJR"
    "BW5iMxvGyG8tgVU1BDSwgAAAAAAAA7AAAAAAAAAAAAAAAHAAAAAAAABdwRtzT0SeLS2xrZ+WLdxN1/aKiyUyxf8XYNysFLiPM2Yc9VsDTlb/zX"
    "1oj5rZsEBStYtB3hQxBLROodN7J9+//4ntb6/LogHjEw/MKdENHmKfED12v6EBVZ8QGcU1BDSwMBAAAAAAA7AAAAAQAAAAAAAAAIAAAAAAAA9C"
    "TBmxNpWd/Q/Ab7v+0xAhjqB2XEcS/4V6Fq/RY8c7iBGUwKw85vzW6NRsN5udF/MgDGZ62O8A02CrF/LeZdmjsQbfQy3h1rVD1ptTYAAYWLKla2"
    "jNFRemICr0j7U1BDSwMBAAAAAAAcAAAAAQAAAAAAAAAJAAAAAAAA+/RPkwckkTMRsyY3/S1sH2khbEx4oz9GWpHy4Wn/JcZLzNesIvVJOyr35u"
    "dZ4a/G6Wbvm7c6fiVCDhFiWmlTUENLCQAAAAAAAhAAAAABAAAAAAAAAAoAAAAAAAD79AV6Fjhz9W72f4P5NB2YSHGsaQw9dawyrEPaw7Kshkzd"
    "+94CFJuF82u+lglUt8t9nLWfBVX3UGWITHeNLi1GHcIrLrxznllG9KSEP6ZB5kMwWe+tUWpN21D15hhLbK+nnu+kgenDe2IP/m6hNBZkYHEsXU"
    "9Z0ysLRUY8HKHRxuNU1yIXhYno30ywZDdjWPdbMcLQzjEAiCMMML0LTbHas5n9hReOLs/i7SgZJD3fpLKinSrpIVeiFQzg7HAAsWCoL+LuN6er"
    "vUBYNKwyMdAJ4uI6Dc1huSuUhRaIfBqtwtI70HMF/6m5pV5GctgJidqggeNGPHreCGW7gN2wvVg7XlpY8C3uGen6ICNxlIRfGE2IA84MXEMgN2"
    "AVoijZ5y2819d7CKRTRJ0DeQCBrOsE/YV0HlFAWyxpA25ECfSfOkUDh8kzIMlu/ENAZ6iypgUvn7NPIahQn5DzhQSVfwvwVe/wI0/qPUYLVoCP"
    "isGXWS4S8nLYJmv/gEavOgvI4ReNS5epWipPfq0+HiUM2R87zn/6JBuDetSLaOzQSIXXgG1TeyI+kEFGqbR1R+MSjJ5X6Bi5DqnthEXS5QeWBO"
    "JVDziiykxguhJI+oY6vwTEdElYslqh8PwFN28gsNSLcc/7hXynt7zHYhqBfUU24U++OzZzn03Fkb+HPRY6+GbJLmxvy4fE6COnl2RR/jLIB12w"
    "ZeVvlVODj1rlBkQ/uIH03Cypf9X0+Pv2vcZZPlYveDCa";

std::vector<FileEvent> files_of(const base::Bytes& file) {
  auto reader = reader_of(file);
  std::vector<FileEvent> events;
  for (;;) {
    auto record = reader.next();
    REQUIRE(record);
    if (!record.value()) return events;
    if (const auto* event = std::get_if<FileEvent>(&record.value()->body)) events.push_back(*event);
  }
}

}  // namespace

TEST_CASE("a recording of version 1 opens, verifies and says the same") {
  const auto file = base::unbase64(kVersion1).value();
  CHECK(file[9] == 1);
  CHECK(verify_bytes(file).state == RecordingState::gap);
  CHECK(output_of(file) == "first\r\nsecond segment\r\n");
  const auto events = files_of(file);
  REQUIRE(events.size() == 7);
  for (std::size_t i = 0; i < events.size(); ++i) {
    CHECK(events[i].path == "/etc/motd");
    CHECK(events[i].action == static_cast<FileAction>(i + 1));
    CHECK(events[i].detail.empty());
  }
  CHECK(events[0].sha256 == base::sha256(base::as_bytes("hello")));
  CHECK(events[2].other_path == "/etc/motd.new");
}

TEST_CASE("a version of the format that is not known is refused as that") {
  Rig rig;
  REQUIRE(rig.recorder.finish(EndReason::closed));
  for (const std::uint8_t version : {std::uint8_t{0}, std::uint8_t{3}}) {
    auto file = rig.output.file;
    file[9] = version;
    const auto opened = Reader::open(std::make_unique<OwnedSource>(file), key_of());
    REQUIRE_FALSE(opened);
    CHECK(opened.error().context().find("version") != std::string::npos);
  }
}

TEST_CASE("what was asked of a file, and that its outcome is unknown, is in the recording and in the facts") {
  Rig rig;
  REQUIRE(rig.recorder.channel_opened(1, ChannelKind::sftp));
  FileEvent event;
  event.channel = 1;
  event.path = "/etc/passwd";
  event.other_path = "/tmp/copy";
  event.action = FileAction::copy;
  event.outcome = FileOutcome::unknown;
  event.detail = "from 0 to 0";
  REQUIRE(rig.recorder.file_event(event));
  auto extension = event;
  extension.action = FileAction::extension;
  extension.outcome = FileOutcome::refused;
  REQUIRE(rig.recorder.file_event(extension));
  auto plain = event;
  plain.action = FileAction::remove;
  plain.outcome = FileOutcome::complete;
  plain.detail.clear();
  REQUIRE(rig.recorder.file_event(plain));
  auto wordy = event;
  wordy.detail = std::string(kMaxDetail + 1, 'x');
  CHECK(rig.recorder.file_event(wordy).error().code() == base::Errc::limit);
  REQUIRE(rig.recorder.finish(EndReason::closed));
  CHECK(rig.output.file[9] == 2);
  CHECK(verify_bytes(rig.output.file).state == RecordingState::complete);
  CHECK(files_of(rig.output.file) == std::vector{event, extension, plain});
  auto reader = reader_of(rig.output.file);
  std::string facts;
  REQUIRE(export_facts(reader, {}, [&facts](std::string_view text) -> base::Result<> {
    facts += text;
    return base::ok();
  }));
  CHECK(facts.find(R"("outcome":"unknown","other_path":"/tmp/copy","detail":"from 0 to 0"})") != std::string::npos);
}
