#include "sallyport/app/server_main.hpp"

namespace sallyport::app {

DataPaths::DataPaths(std::filesystem::path data)
    : root(std::move(data)),
      header(root / "header"),
      store(root / "vault.db"),
      recordings(root / "recordings"),
      run(root / "run"),
      vault_socket(run / "vault.sock"),
      ready(run / "ready.json"),
      tls(root / "tls"),
      ssh(root / "ssh") {}

}  // namespace sallyport::app
