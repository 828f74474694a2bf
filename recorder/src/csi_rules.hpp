#pragma once
// Which CSI sequences may reach the terminal of whoever watches: ECMA-48 section 5.4, DEC STD 070, xterm's ctlseqs. A
// list of what passes, so what is not known does not pass.
#include <optional>
#include <string_view>
#include <vector>

namespace sallyport::recorder {

/// A sequence taken apart: views into the caller's text.
struct Csi {
  std::string_view prefix;  ///< one of < = > ?, or none
  std::string_view parameters;
  std::string_view intermediates;
  char final = 0;
};

/// `middle` is what stands between CSI and the final; nothing when its parts are out of order.
std::optional<Csi> take_apart(std::string_view middle, char final);
/// The parameters, at ; and : (an empty one is a default).
std::vector<std::string_view> split_parameters(std::string_view parameters);

/// Moves, erases, scrolls, colours: what changes only what is seen. Modes (CSI ? ... h) are asked for one by one.
bool csi_passes(const Csi& csi);
/// Whether it sets or resets DEC private modes, of which each has to pass for itself.
bool is_private_modes(const Csi& csi);
bool private_mode_passes(std::string_view mode);

}  // namespace sallyport::recorder
