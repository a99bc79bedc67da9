#include "tests/support/child_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <thread>

namespace pilotlight::testing {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kPatience = std::chrono::seconds(10);

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (std::string& text : texts)
        result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

const passwd* find_user(const std::string& name) {
    if (name.empty() || geteuid() != 0) return nullptr;
    const passwd* user = getpwnam(name.c_str());
    if (user == nullptr) throw std::runtime_error("no such user: " + name);
    return user;
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> command, Options options) {
    const passwd* user = find_user(options.user);
    const uid_t uid = user == nullptr ? 0 : user->pw_uid;
    const gid_t gid = user == nullptr ? 0 : user->pw_gid;
    const int log = open(options.log.empty() ? "/dev/null" : options.log.c_str(),
                         O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    std::vector<std::string> environment = std::move(options.environment);
    for (char** each = environ; *each != nullptr; ++each)
        environment.emplace_back(*each);
    const std::vector<char*> arguments = pointers(command);
    const std::vector<char*> variables = pointers(environment);
    pid_ = fork();
    if (pid_ == 0) {
        if (user != nullptr &&
            (setgroups(0, nullptr) != 0 || setgid(gid) != 0 || setuid(uid) != 0)) {
            _exit(126);
        }
        // After the change of user, which would clear it.
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(log, 1);
        dup2(log, 2);
        execve(arguments[0], arguments.data(), variables.data());
        _exit(127);
    }
    close(log);
    if (pid_ < 0) throw std::runtime_error("cannot fork");
}

ChildProcess::~ChildProcess() {
    stop(SIGTERM);
}

bool ChildProcess::reap() {
    if (pid_ < 0) return true;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
    pid_ = -1;
    if (WIFEXITED(status)) status_ = WEXITSTATUS(status);
    return true;
}

bool ChildProcess::is_running() {
    return !reap();
}

int ChildProcess::stop(int signal) {
    if (reap()) return status_;
    kill(pid_, signal);
    for (const auto end = Clock::now() + kPatience; Clock::now() < end;) {
        if (reap()) return status_;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
    return status_;
}

int ChildProcess::wait(std::chrono::milliseconds limit) {
    wait_until("a process to end", limit, [this] { return reap(); });
    return status_;
}

void give_to_user(const std::filesystem::path& folder, const std::string& user) {
    const passwd* owner = find_user(user);
    if (owner == nullptr) return;
    const auto give = [&](const std::filesystem::path& path) {
        if (chown(path.c_str(), owner->pw_uid, owner->pw_gid) != 0) {
            throw std::runtime_error("cannot chown " + path.string());
        }
    };
    give(folder);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        give(entry);
}

void wait_until(const std::string& what, std::chrono::milliseconds limit,
                const std::function<bool()>& condition) {
    const auto end = Clock::now() + limit;
    while (!condition()) {
        if (Clock::now() >= end) throw std::runtime_error("waited in vain for " + what);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

std::uint16_t free_port() {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    const bool bound = bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                       getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    close(listener);
    if (!bound) throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
}

bool accepts_connections(std::uint16_t port) {
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    const bool connected =
        connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(client);
    return connected;
}

}  // namespace pilotlight::testing
