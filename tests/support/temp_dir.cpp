#include "support/temp_dir.hpp"

#include <system_error>

#include "sallyport/base/file.hpp"
#include "sallyport/base/ids.hpp"

namespace sallyport::test {

TempDir::TempDir() : path_(std::filesystem::temp_directory_path() / ("sallyport-test-" + base::random_id_text())) {
  SALLYPORT_ENSURE(base::make_private_directory(path_).has_value());
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace sallyport::test
