#include "control_path.hpp"

#include "support/catch.hpp"

namespace sallyport::app {
namespace {

std::string asked(std::vector<std::string> words) {
  words.insert(words.begin(), "ssh");
  return control_path_of(words).value_or("nothing");
}

}  // namespace

TEST_CASE("the control path of a client's command line is found as ssh itself reads it") {
  CHECK(asked({"-C", "-o", "ControlMaster=auto", "-o", "User=\"root\"", "-o", "ControlPath=\"/a/b c\"", "web1",
               "true"}) == "/a/b c");
  CHECK(asked({"-oControlPath=/a", "web1"}) == "/a");
  CHECK(asked({"-o", "controlpath /a", "web1"}) == "/a");
  CHECK(asked({"-o", "ControlPath=/a", "-o", "ControlPath=/b", "web1"}) == "/a");
  CHECK(asked({"-o", "ControlPath=/a", "-S", "/b", "-tt", "web1"}) == "/b");
  CHECK(asked({"-ttS/b", "web1"}) == "/b");
  CHECK(asked({"web1", "-S", "/b", "sh", "-S", "/c"}) == "/b");
  CHECK(asked({"web1", "sh", "-S", "/c"}) == "nothing");
  CHECK(asked({"-T", "-D", "1080", "web1", "bash"}) == "nothing");
  CHECK(asked({"-o", "ControlPathX=/a", "-l", "-S", "web1"}) == "nothing");
  CHECK(asked({"-S"}) == "nothing");
  CHECK_FALSE(control_path_of({}));
}

TEST_CASE("a control path's tokens are filled in, and what is not known is refused") {
  const ControlTokens tokens{"0a1b", "web1.sallyport", "web1.sallyport", "22", "root"};
  const auto expand = [&](std::string_view text) { return expand_control_path(text, tokens); };
  CHECK(expand("/run/cm-%r@%h:%p").value() == "/run/cm-root@web1.sallyport:22");
  CHECK(expand("/run/%C-%n-100%%").value() == "/run/0a1b-web1.sallyport-100%");
  CHECK(expand("~/x").value().is_absolute());
  for (const auto* text : {"none", "", "/a/%z", "/a/%", "${HOME}/x", "/a\"b"})
    CHECK(expand(text).error().code() == base::Errc::unsupported);
}

}  // namespace sallyport::app
