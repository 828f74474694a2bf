// The words of roles: actions, channels, selectors.
#include <array>

#include "sallyport/access/role.hpp"

namespace sallyport::access {

using base::Errc;

namespace {

struct ActionWord {
  std::string_view word;
  Action value;
};
struct ChannelWord {
  std::string_view word;
  Channel value;
};

constexpr std::array<ActionWord, 6> kActions = {{{"session", Action::session},
                                                 {"reveal", Action::reveal},
                                                 {"checkout", Action::checkout},
                                                 {"rotate", Action::rotate},
                                                 {"audit", Action::audit},
                                                 {"administer", Action::administer}}};
constexpr std::array<ChannelWord, 4> kChannels = {
    {{"shell", Channel::shell}, {"exec", Channel::exec}, {"sftp", Channel::sftp}, {"scp", Channel::scp}}};

template <class Words, class E>
std::string_view word_of(const Words& words, E value) noexcept {
  for (const auto& one : words) {
    if (one.value == value) return one.word;
  }
  return "unknown";
}

template <class E, class Words>
base::Result<E> find_word(const Words& words, std::string_view word, std::string_view what) {
  for (const auto& one : words) {
    if (one.word == word) return one.value;
  }
  std::string known;
  for (const auto& one : words) known += (known.empty() ? "" : ", ") + std::string(one.word);
  return base::fail(Errc::invalid, "no such " + std::string(what) + "; known are " + known);
}

template <class E, class Words>
base::Result<Set<E>> parse_set(const Words& words, std::string_view text, std::string_view what) {
  Set<E> set;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    SALLYPORT_TRY(const E member, find_word<E>(words, text.substr(0, comma), what));
    set.add(member);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) return base::fail(Errc::invalid, "the list ends with a comma");
  }
  return set;
}

template <class E, class Words>
std::string format_set(const Words& words, const Set<E>& set) {
  std::string text;
  for (const auto& one : words) {
    if (set.has(one.value)) text += (text.empty() ? "" : ",") + std::string(one.word);
  }
  return text;
}

}  // namespace

std::string_view to_string(Action action) noexcept { return word_of(kActions, action); }
std::string_view to_string(Channel channel) noexcept { return word_of(kChannels, channel); }
base::Result<Action> parse_action(std::string_view word) { return find_word<Action>(kActions, word, "action"); }
base::Result<Channel> parse_channel(std::string_view word) { return find_word<Channel>(kChannels, word, "channel"); }
base::Result<Actions> parse_actions(std::string_view text) { return parse_set<Action>(kActions, text, "action"); }
base::Result<Channels> parse_channels(std::string_view text) { return parse_set<Channel>(kChannels, text, "channel"); }
std::string format_actions(const Actions& actions) { return format_set(kActions, actions); }
std::string format_channels(const Channels& channels) { return format_set(kChannels, channels); }

base::Result<Selector> Selector::parse(std::string_view text) {
  Selector selector;
  if (text == "*") {
    selector.all_ = true;
    return selector;
  }
  SALLYPORT_TRY(selector.wanted_, vault::parse_labels(text));
  if (selector.wanted_.empty()) return base::fail(Errc::invalid, "a selector is * or labels such as env=prod");
  return selector;
}

bool Selector::matches(const vault::Labels& labels) const {
  if (all_) return true;
  if (wanted_.empty()) return false;
  for (const auto& [key, value] : wanted_) {
    const auto found = labels.find(key);
    if (found == labels.end() || found->second != value) return false;
  }
  return true;
}

std::string Selector::text() const { return all_ ? "*" : vault::format_labels(wanted_); }

}  // namespace sallyport::access
