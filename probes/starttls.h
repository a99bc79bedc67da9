#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/options.h"
#include "probes/probe.h"
#include "runtime/dialer.h"

/// What has to be said in the clear before a server of some protocol goes over to TLS.
namespace pilotlight::probes {

enum class StartTls { postgres, smtp, imap, pop3, ldap, mysql };

/// Reads `starttls`: the protocol's name.
void read_starttls(const Node& node, std::optional<StartTls>& out, Errors& errors);

/// For sections with a member `starttls`.
template <class Section>
constexpr config::Option<Section> starttls_row() {
    return config::option_read_by<Section>(
        [](const Node& node, Section& out, Errors& errors) {
            read_starttls(node, out.starttls, errors);
        },
        "starttls", "postgres, smtp, imap, pop3, ldap or mysql", "",
        "go over to TLS as the protocol has it, after what it says in the clear");
}

/// Where the protocol's servers listen: 5432, 25, 143, 110, 389, 3306.
[[nodiscard]] std::uint16_t default_port(StartTls protocol);

/// Says goodbye over TLS as the protocol has it, so that the server neither logs nor counts a
/// broken connection. To MySQL that is a login of nobody, which is refused: it counts handshakes
/// that are broken off, and locks out the host that they come from (max_connect_errors). What goes
/// wrong here is of no account. Ends by the stream's deadline.
[[nodiscard]] boost::asio::awaitable<void> take_leave(runtime::Stream& stream, StartTls protocol);

/// One side of the dialogue, fed with what comes, in any pieces. Pure.
class StartTlsDialogue {
  public:
    /// All that a server may say.
    static constexpr std::size_t kBytesMax = 64 * 1024;

    struct Step {
        enum class Kind {
            /// Nothing to do before more bytes come.
            wait,
            /// Send `text`.
            say,
            /// TLS begins with the next byte.
            secure,
            /// Given up: `reason` and, for people, `text`.
            failed
        };
        Kind kind = Kind::wait;
        std::string text{};
        std::string reason{};
    };

    StartTlsDialogue() = default;
    StartTlsDialogue(const StartTlsDialogue&) = delete;
    StartTlsDialogue& operator=(const StartTlsDialogue&) = delete;
    virtual ~StartTlsDialogue() = default;

    /// What the server has sent.
    void feed(std::string_view bytes);
    /// What to do next; to be asked again after `say`, and after more bytes where it was `wait`.
    /// Reasons: `not_offered` (the server has no TLS), `refused` (it says no), `protocol` (it
    /// speaks otherwise), `injected` (plain bytes where TLS must begin), `answer_too_large`.
    [[nodiscard]] Step next();

  protected:
    static Step wait() { return {}; }
    static Step say(std::string text) { return {Step::Kind::say, std::move(text)}; }
    static Step secure() { return {Step::Kind::secure}; }
    static Step failed(std::string reason, std::string detail) {
        return {Step::Kind::failed, std::move(detail), std::move(reason)};
    }

    /// Goes one step on by what stands in input(), and takes from it what it has used.
    virtual Step advance() = 0;
    [[nodiscard]] std::string_view input() const { return std::string_view(bytes_).substr(used_); }
    void take(std::size_t count) { used_ += count; }
    /// The next line without its end; nothing while it has not come whole.
    [[nodiscard]] std::optional<std::string_view> take_line();

  private:
    std::string bytes_;
    std::size_t used_ = 0;
};

[[nodiscard]] std::unique_ptr<StartTlsDialogue> make_starttls_dialogue(StartTls protocol);

// Of the files that speak lines, and those that speak in packets.
[[nodiscard]] std::unique_ptr<StartTlsDialogue> make_smtp_dialogue();
[[nodiscard]] std::unique_ptr<StartTlsDialogue> make_imap_dialogue();
[[nodiscard]] std::unique_ptr<StartTlsDialogue> make_pop3_dialogue();
[[nodiscard]] std::unique_ptr<StartTlsDialogue> make_postgres_dialogue();
[[nodiscard]] std::unique_ptr<StartTlsDialogue> make_ldap_dialogue();
[[nodiscard]] std::unique_ptr<StartTlsDialogue> make_mysql_dialogue();
/// Goes on after TLS; `secure` says that all is said.
[[nodiscard]] std::unique_ptr<StartTlsDialogue> make_mysql_farewell();

/// What a server has said, for a message: cut, and without control characters.
[[nodiscard]] std::string shown(std::string_view text);

/// Speaks the protocol over the stream that dial() gave until TLS may begin, and shakes hands: what
/// comes of it stands in `dialled` as if dial() had done it. Fails in phase "starttls" with the
/// dialogue's reasons and those of streams, in "tls" as dial() does. Limits:
/// StartTlsDialogue::kBytesMax, the stream's deadline. `services` and `dialled` outlive the call.
[[nodiscard]] boost::asio::awaitable<void> secure(runtime::Services& services, StartTls protocol,
                                                  std::string host, runtime::TlsSettings settings,
                                                  std::shared_ptr<runtime::TlsSessions> sessions,
                                                  runtime::DialResult& dialled);

}  // namespace pilotlight::probes
