#include "tests/support/postgres_server.h"

#include <csignal>
#include <filesystem>
#include <stdexcept>

namespace pilotlight::testing {
namespace {

constexpr const char* kPrograms = "/usr/lib/postgresql/15/bin/";
constexpr const char* kUser = "postgres";

}  // namespace

PostgresServer::PostgresServer() {
    const std::filesystem::path& folder = folder_.path();
    const PemPair identity = authority_.issue();
    folder_.write("server.crt", identity.certificate);
    folder_.write("server.key", identity.key);
    std::filesystem::permissions(folder / "server.key", std::filesystem::perms::owner_read);
    give_to_user(folder, kUser);
    const std::string data = (folder / "data").string();
    ChildProcess initdb(
        {std::string(kPrograms) + "initdb", "-D", data, "-U", kUser, "--no-sync",
         "--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8", "--locale=C"},
        {.user = kUser, .log = folder / "log"});
    if (initdb.wait(std::chrono::seconds(60)) != 0) throw std::runtime_error("initdb failed");
    start();
    run("CREATE DATABASE app", "postgres");
    run("CREATE ROLE probe LOGIN PASSWORD 'probe-password' IN ROLE pg_monitor");
}

void PostgresServer::start() {
    const std::string folder = folder_.path().string();
    std::vector<std::string> command{std::string(kPrograms) + "postgres", "-D", folder + "/data"};
    for (const std::string& setting :
         {"port=" + std::to_string(port_), std::string("listen_addresses=127.0.0.1"),
          "unix_socket_directories=" + folder, std::string("fsync=off"),
          std::string("max_connections=20"), std::string("shared_buffers=8MB"),
          std::string("ssl=on"), "ssl_cert_file=" + folder + "/server.crt",
          "ssl_key_file=" + folder + "/server.key"}) {
        command.emplace_back("-c");
        command.push_back(setting);
    }
    process_ = std::make_unique<ChildProcess>(
        std::move(command), ChildProcess::Options{.user = kUser, .log = folder_.path() / "log"});
    wait_until("PostgreSQL", std::chrono::seconds(60), [this] {
        if (!process_->is_running()) throw std::runtime_error("postgres did not start");
        ChildProcess ready({std::string(kPrograms) + "pg_isready", "-q", "-h",
                            folder_.path().string(), "-p", std::to_string(port_)},
                           {});
        return ready.wait(std::chrono::seconds(10)) == 0;
    });
}

void PostgresServer::stop() {
    // Fast: whoever is connected is disconnected.
    process_->stop(SIGINT);
}

void PostgresServer::run(std::string_view sql, const std::string& database) {
    ChildProcess psql({std::string(kPrograms) + "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h",
                       folder_.path().string(), "-p", std::to_string(port_), "-U", kUser, "-d",
                       database, "-c", std::string(sql)},
                      {.log = folder_.path() / "psql.log"});
    if (psql.wait(std::chrono::seconds(30)) != 0) {
        throw std::runtime_error("psql failed: " + std::string(sql));
    }
}

std::string PostgresServer::url(const std::string& user, const std::string& password,
                                const std::string& database) const {
    return "postgres://" + user + ":" + password + "@127.0.0.1:" + std::to_string(port_) + "/" +
           database;
}

}  // namespace pilotlight::testing
