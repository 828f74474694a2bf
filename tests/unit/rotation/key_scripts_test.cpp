#include "key_scripts.hpp"

#include <filesystem>

#include "sallyport/base/file.hpp"
#include "sallyport/base/process.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace sallyport;
using namespace sallyport::rotation;

namespace {

/// A home directory, and the scripts run in it as sshd would run them.
struct Home {
  sallyport::test::TempDir directory;
  std::filesystem::path ssh = directory / ".ssh";
  std::filesystem::path file = ssh / "authorized_keys";

  int run(std::string_view script, std::string_view input) {
    const auto secret = base::SecretBytes::copy(base::as_bytes(input));
    base::Command command;
    command.argv = {"sh", "-c", std::string(script)};
    command.environment = {"PATH=/usr/bin:/bin", "HOME=" + directory.path().string()};
    command.input = &secret;
    return base::run(command).value().status;
  }
  void write(std::string_view text) {
    std::filesystem::create_directory(ssh);
    REQUIRE(base::write_file_atomic(file, base::as_bytes(text)));
  }
  std::string text() const { return std::string(base::as_text(base::read_file(file, 1U << 20U).value())); }
  /// Nothing temporary is left in ~/.ssh.
  bool tidy() const {
    return std::distance(std::filesystem::directory_iterator(ssh), std::filesystem::directory_iterator()) == 1;
  }
};

}  // namespace

TEST_CASE("the key scripts hold nothing that a login shell would read as more than one quoted word") {
  for (const auto script : {kAppendKey, kRemoveKey}) CHECK(script.find_first_of("'\\\n!") == std::string_view::npos);
}

TEST_CASE("a key is appended to what is there, or to nothing, once") {
  Home home;
  CHECK(home.run(kAppendKey, "ssh-ed25519 NEW c\n") == 0);
  CHECK(home.run(kAppendKey, "ssh-ed25519 NEW c\n") == 0);
  CHECK(home.text() == "ssh-ed25519 NEW c\n");
  CHECK(std::filesystem::status(home.ssh).permissions() == std::filesystem::perms(0700));
  home.write("ssh-rsa OLD");
  CHECK(home.run(kAppendKey, "ssh-ed25519 NEW c\n") == 0);
  CHECK(home.text() == "ssh-rsa OLD\nssh-ed25519 NEW c\n");
  CHECK(home.tidy());
}

TEST_CASE("a key that arrives cut off changes nothing") {
  Home home;
  home.write("ssh-rsa OLD\n");
  CHECK(home.run(kAppendKey, "ssh-ed25519 NE") == 64);
  CHECK(home.run(kAppendKey, "") == 64);
  CHECK(home.run(kRemoveKey, "NEW\nOL") == 64);
  CHECK(home.text() == "ssh-rsa OLD\n");
}

TEST_CASE("a key is removed with its options and comments, and no other line") {
  Home home;
  home.write("# OL\nfrom=\"10.0.0.1\" ssh-rsa OLD me\nssh-ed25519 NEW c\nssh-rsa OTHER\nssh-rsa OLD\n");
  CHECK(home.run(kRemoveKey, "NEW\nOLD\n") == 0);
  CHECK(home.run(kRemoveKey, "NEW\nOLD\n") == 0);
  CHECK(home.text() == "# OL\nssh-ed25519 NEW c\nssh-rsa OTHER\n");
  CHECK(home.tidy());
}

TEST_CASE("the old key is not removed where the new one is missing, or stands on the same line") {
  Home home;
  home.write("ssh-rsa OLD\n");
  CHECK(home.run(kRemoveKey, "NEW\nOLD\n") == 68);
  home.write("ssh-rsa OLD NEW\nssh-rsa OTHER\n");
  CHECK(home.run(kRemoveKey, "NEW\nOLD\n") == 68);
  CHECK(home.text() == "ssh-rsa OLD NEW\nssh-rsa OTHER\n");
  CHECK(home.tidy());
}

TEST_CASE("links and odd files are refused") {
  Home home;
  home.write("ssh-rsa OLD\n");
  std::filesystem::rename(home.file, home.directory / "moved");
  std::filesystem::create_symlink(home.directory / "moved", home.file);
  CHECK(home.run(kAppendKey, "ssh-ed25519 NEW c\n") == 65);
  CHECK(home.run(kRemoveKey, "NEW\nOLD\n") == 65);
  std::filesystem::remove(home.file);
  std::filesystem::create_directory(home.file);
  CHECK(home.run(kAppendKey, "ssh-ed25519 NEW c\n") == 67);
  std::filesystem::remove_all(home.ssh);
  std::filesystem::create_directory(home.directory / "dir");
  std::filesystem::create_directory_symlink(home.directory / "dir", home.ssh);
  CHECK(home.run(kAppendKey, "ssh-ed25519 NEW c\n") == 65);
}
