#include "runtime/resolver_channel.h"

#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/time.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "core/check.h"

namespace asio = boost::asio;

namespace pilotlight::runtime {

namespace {

// Resend after 1 s, then 2 s, ...: most probes have 5 s in all.
constexpr int kFirstTimeoutMs = 1'000;
constexpr int kTries = 4;

bool init_library() {
    static std::once_flag once;
    static int status = ARES_SUCCESS;
    std::call_once(once, [] { status = ::ares_library_init(ARES_LIB_INIT_ALL); });
    return status == ARES_SUCCESS;
}

DnsAnswer meaning_of(int status, int timeouts) {
    switch (status) {
        case ARES_SUCCESS:
            return DnsAnswer::addresses;
        case ARES_ENODATA:
            return DnsAnswer::no_addresses;
        case ARES_ENOTFOUND:
        case ARES_ENONAME:
        case ARES_EBADNAME:
            return DnsAnswer::no_such_name;
        case ARES_ESERVFAIL:
        case ARES_EFORMERR:
        case ARES_ENOTIMP:
        case ARES_EBADRESP:
            return DnsAnswer::server_failure;
        case ARES_EREFUSED:
            return DnsAnswer::refused;
        default:
            // When every server has answered with an error c-ares 1.18 says the same as when none
            // has answered, but for the time-outs.
            return timeouts == 0 ? DnsAnswer::server_failure : DnsAnswer::silence;
    }
}

/// IANA's numbers of record types.
int number_of(RecordType type) {
    switch (type) {
        case RecordType::srv:
            return 33;
        case RecordType::mx:
            return 15;
        case RecordType::ns:
            return 2;
    }
    PILOT_CHECK(false);
}

std::vector<IpAddress> addresses_of(const ares_addrinfo* info) {
    std::vector<IpAddress> addresses;
    if (info == nullptr) return addresses;
    for (const ares_addrinfo_node* node = info->nodes; node != nullptr; node = node->ai_next) {
        IpAddress address;
        if (node->ai_family == AF_INET) {
            sockaddr_in raw{};
            std::memcpy(&raw, node->ai_addr, sizeof raw);
            std::memcpy(address.bytes.data(), &raw.sin_addr, 4);
        } else if (node->ai_family == AF_INET6) {
            sockaddr_in6 raw{};
            std::memcpy(&raw, node->ai_addr, sizeof raw);
            std::memcpy(address.bytes.data(), &raw.sin6_addr, 16);
            address.version = 6;
            address.scope = raw.sin6_scope_id;
        } else {
            continue;
        }
        addresses.push_back(address);
    }
    return addresses;
}

class CaresChannel final : public ResolverChannel {
  public:
    explicit CaresChannel(asio::any_io_executor executor)
        : executor_(std::move(executor)), timer_(executor_) {}

    ~CaresChannel() override { close(); }

    bool open(const std::string& servers, ErrorAnswers error_answers) {
        if (!init_library()) return false;
        ares_options options{};
        if (error_answers == ErrorAnswers::are_answers) options.flags = ARES_FLAG_NOCHECKRESP;
        options.timeout = kFirstTimeoutMs;
        options.tries = kTries;
        options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
            static_cast<CaresChannel*>(self)->on_socket(fd, readable != 0, writable != 0);
        };
        options.sock_state_cb_data = this;
        const int mask =
            ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
        if (::ares_init_options(&channel_, &options, mask) != ARES_SUCCESS) {
            channel_ = nullptr;
            return false;
        }
        return servers.empty() ||
               ::ares_set_servers_ports_csv(channel_, servers.c_str()) == ARES_SUCCESS;
    }

    void ask(const std::string& host, int version, OnAnswer on_answer) override {
        ares_addrinfo_hints hints{};
        hints.ai_family = version == 4 ? AF_INET : AF_INET6;
        hints.ai_socktype = SOCK_STREAM;
        // c-ares sorts by probing routes with sockets; order within a family is the server's.
        hints.ai_flags = ARES_AI_NOSORT;
        auto* question = begin(std::move(on_answer));
        ::ares_getaddrinfo(
            channel_, host.c_str(), nullptr, &hints,
            [](void* arg, int status, int timeouts, ares_addrinfo* info) {
                std::vector<IpAddress> addresses = addresses_of(info);
                if (info != nullptr) ::ares_freeaddrinfo(info);
                end(arg, meaning_of(status, timeouts), std::move(addresses));
            },
            question);
        arm_timer();
    }

    void ask_root(OnAnswer on_answer) override {
        constexpr int kClassIn = 1;
        constexpr int kTypeNs = 2;
        auto* question = begin(std::move(on_answer));
        ::ares_query(
            channel_, ".", kClassIn, kTypeNs,
            [](void* arg, int status, int timeouts, unsigned char*, int) {
                end(arg, meaning_of(status, timeouts), {});
            },
            question);
        arm_timer();
    }

    void ask_records(const std::string& name, RecordType type, OnRecords on_records) override {
        constexpr int kClassIn = 1;
        auto* question = new RecordsQuestion{this, type, std::move(on_records)};
        ++in_flight_;
        ::ares_search(channel_, name.c_str(), kClassIn, number_of(type), &end_records, question);
        arm_timer();
    }

    [[nodiscard]] std::size_t in_flight() const override { return in_flight_; }

    void close() override {
        if (channel_ == nullptr) return;
        ares_channel closing = std::exchange(channel_, nullptr);
        ::ares_destroy(closing);
        timer_.cancel();
    }

  private:
    struct Question {
        CaresChannel* channel;
        OnAnswer on_answer;
    };

    struct RecordsQuestion {
        CaresChannel* channel;
        RecordType type;
        OnRecords on_records;
    };

    static void end_records(void* arg, int status, int timeouts, unsigned char* message,
                            int length) {
        const std::unique_ptr<RecordsQuestion> question(static_cast<RecordsQuestion*>(arg));
        --question->channel->in_flight_;
        DnsAnswer answer = meaning_of(status, timeouts);
        std::vector<NameRecord> records;
        if (status == ARES_SUCCESS) {
            auto parsed =
                parse_records({message, static_cast<std::size_t>(length)}, question->type);
            if (!parsed) answer = DnsAnswer::server_failure;
            if (parsed) records = std::move(*parsed);
            if (parsed && records.empty()) answer = DnsAnswer::no_addresses;
        }
        question->on_records(answer, std::move(records));
    }

    /// A socket of c-ares, which opens and closes it; asio only waits for it.
    struct Socket {
        explicit Socket(const asio::any_io_executor& executor) : descriptor(executor) {}
        asio::posix::stream_descriptor descriptor;
        bool wants_read = false;
        bool wants_write = false;
        bool waits_read = false;
        bool waits_write = false;
        bool closed = false;
    };

    Question* begin(OnAnswer on_answer) {
        ++in_flight_;
        return new Question{this, std::move(on_answer)};
    }

    static void end(void* arg, DnsAnswer answer, std::vector<IpAddress> addresses) {
        const std::unique_ptr<Question> question(static_cast<Question*>(arg));
        --question->channel->in_flight_;
        if (answer == DnsAnswer::addresses && addresses.empty()) answer = DnsAnswer::no_addresses;
        question->on_answer(answer, std::move(addresses));
    }

    void on_socket(ares_socket_t fd, bool readable, bool writable) {
        std::shared_ptr<Socket>& socket = sockets_[fd];
        if (!readable && !writable) {
            // Told before c-ares closes it: release now, or epoll would forget the number's next
            // owner's events.
            if (socket) {
                socket->closed = true;
                socket->descriptor.release();
            }
            sockets_.erase(fd);
            return;
        }
        if (!socket) {
            socket = std::make_shared<Socket>(executor_);
            socket->descriptor.assign(fd);
        }
        socket->wants_read = readable;
        socket->wants_write = writable;
        arm(socket, fd);
    }

    void arm(const std::shared_ptr<Socket>& socket, ares_socket_t fd) {
        if (socket->closed) return;
        if (socket->wants_read && !socket->waits_read) {
            socket->waits_read = true;
            wait(socket, fd, asio::posix::stream_descriptor::wait_read);
        }
        if (socket->wants_write && !socket->waits_write) {
            socket->waits_write = true;
            wait(socket, fd, asio::posix::stream_descriptor::wait_write);
        }
    }

    void wait(const std::shared_ptr<Socket>& socket, ares_socket_t fd,
              asio::posix::stream_descriptor::wait_type what) {
        const bool reading = what == asio::posix::stream_descriptor::wait_read;
        socket->descriptor.async_wait(what, [weak = weak_from_this(), socket, fd,
                                             reading](const boost::system::error_code& error) {
            (reading ? socket->waits_read : socket->waits_write) = false;
            // Holds the channel: an answer may drop its last owner.
            const auto self = std::static_pointer_cast<CaresChannel>(weak.lock());
            if (error || socket->closed || !self || self->channel_ == nullptr) return;
            ::ares_process_fd(self->channel_, reading ? fd : ARES_SOCKET_BAD,
                              reading ? ARES_SOCKET_BAD : fd);
            self->arm(socket, fd);
            self->arm_timer();
        });
    }

    void arm_timer() {
        if (channel_ == nullptr) return;
        timeval room{};
        const timeval* next = ::ares_timeout(channel_, nullptr, &room);
        if (next == nullptr) {
            timer_.cancel();
            return;
        }
        // A millisecond more, so that the question is due when it fires.
        timer_.expires_after(std::chrono::seconds(next->tv_sec) +
                             std::chrono::microseconds(next->tv_usec) +
                             std::chrono::milliseconds(1));
        timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
            const auto self = std::static_pointer_cast<CaresChannel>(weak.lock());
            if (error || !self || self->channel_ == nullptr) return;
            ::ares_process_fd(self->channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
            self->arm_timer();
        });
    }

    asio::any_io_executor executor_;
    asio::steady_timer timer_;
    ares_channel channel_ = nullptr;
    std::map<ares_socket_t, std::shared_ptr<Socket>> sockets_;
    std::size_t in_flight_ = 0;
};

}  // namespace

std::shared_ptr<ResolverChannel> ResolverChannel::open(asio::any_io_executor executor,
                                                       const std::string& servers,
                                                       ErrorAnswers error_answers) {
    auto channel = std::make_shared<CaresChannel>(std::move(executor));
    if (!channel->open(servers, error_answers)) return nullptr;
    return channel;
}

}  // namespace pilotlight::runtime
