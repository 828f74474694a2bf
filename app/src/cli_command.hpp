#pragma once
// A command of the command line as data: what help, the man page, completion and the parser are drawn from.
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::app {

enum class ArgKind : unsigned char {
  positional,  ///< in its place
  option,      ///< --name VALUE
  flag,        ///< --name
  rest,        ///< everything after the positionals: another program's words
};

struct Arg {
  std::string name;  ///< without dashes
  ArgKind kind = ArgKind::option;
  bool required = false;
  std::string value;  ///< what stands for the value in help: "FILE"
  std::string doc;
  std::vector<std::string> choices{};
};

class Invocation;

struct Command {
  std::string words;     ///< "user key add"
  std::string audience;  ///< the heading under which help lists it
  std::string summary;
  std::string detail{};  ///< further sentences of help
  std::vector<Arg> args{};
  std::vector<std::string> examples{};
  std::function<base::Result<int>(const Invocation&)> run{};
  bool hidden = false;
};

/// Every command, in the order in which help lists them.
const std::vector<Command>& all_commands();
/// Options that every command takes.
const std::vector<Arg>& global_args();
const Command* find_command(std::string_view words);

/// A command line that fits its command.
class Invocation {
 public:
  using Values = std::map<std::string, std::vector<std::string>, std::less<>>;
  Invocation(const Command& command, Values values, std::vector<std::string> rest)
      : command_(&command), values_(std::move(values)), rest_(std::move(rest)) {}

  const Command& command() const noexcept { return *command_; }
  /// The same values for another command, which takes what it knows of them.
  Invocation as(const Command& other) const { return {other, values_, {}}; }
  bool has(std::string_view name) const { return values_.find(name) != values_.end(); }
  /// The value, or an empty text.
  std::string one(std::string_view name) const;
  std::optional<std::string> maybe(std::string_view name) const;
  const std::vector<std::string>& rest() const noexcept { return rest_; }

  /// The client's configuration files; loaded once, at the first call. Errc::invalid when one is wrong.
  base::Result<const ClientConfig*> config() const;
  /// Results as JSON rather than as a table.
  base::Result<bool> json() const;
  /// A table of all columns, of any width.
  base::Result<bool> wide() const;
  /// A configuration key with its flag of the same name laid over it.
  base::Result<std::string> setting(std::string_view key) const;

 private:
  const Command* command_;
  Values values_;
  std::vector<std::string> rest_;
  mutable std::optional<ClientConfig> config_;
};

/// The exit status that stands for a failure's kind.
int exit_status(base::Errc code) noexcept;

}  // namespace sallyport::app
