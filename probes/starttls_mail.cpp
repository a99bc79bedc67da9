// SMTP, IMAP and POP3: lines with codes.
#include <algorithm>
#include <utility>

#include "probes/http_judge.h"
#include "probes/starttls.h"

namespace pilotlight::probes {

namespace {

/// Up to the first space.
std::string_view first_word(std::string_view text) {
    return text.substr(0, std::min(text.find(' '), text.size()));
}

std::string_view after_first_word(std::string_view text) {
    const std::size_t space = text.find(' ');
    return space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
}

bool is_word(std::string_view text, std::string_view word) {
    return equals_ignoring_case(first_word(text), word);
}

/// Whether `word` is among the words of `text`, any case.
bool has_word(std::string_view text, std::string_view word) {
    while (!text.empty()) {
        if (is_word(text, word)) return true;
        text = after_first_word(text);
    }
    return false;
}

/// A reply of SMTP (RFC 5321, 4.2.1): lines of one code, all but the last with a hyphen after it.
struct SmtpLine {
    int code = 0;
    bool is_last = false;
    std::string_view text;
};

std::optional<SmtpLine> read_smtp_line(std::string_view line) {
    const auto digit = [&](std::size_t i) { return line[i] >= '0' && line[i] <= '9'; };
    if (line.size() < 3 || !digit(0) || !digit(1) || !digit(2)) return std::nullopt;
    SmtpLine read;
    read.code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    read.is_last = line.size() == 3 || line[3] == ' ';
    if (!read.is_last && line[3] != '-') return std::nullopt;
    if (line.size() > 4) read.text = line.substr(4);
    return read;
}

/// RFC 3207.
class SmtpDialogue final : public StartTlsDialogue {
  private:
    Step advance() override {
        while (const std::optional<std::string_view> line = take_line()) {
            const std::optional<SmtpLine> read = read_smtp_line(*line);
            if (!read || (code_ != 0 && read->code != code_)) {
                return failed("protocol", "expected a reply of SMTP, got " + shown(*line));
            }
            code_ = read->code;
            offers_ = offers_ || (stage_ == Stage::hello && is_word(read->text, "STARTTLS"));
            if (!read->is_last) continue;
            const int code = std::exchange(code_, 0);
            return on_reply(code, *line);
        }
        return wait();
    }

    Step on_reply(int code, std::string_view line) {
        const int expected = stage_ == Stage::hello ? 250 : 220;
        if (code != expected) return failed("refused", "the server says " + shown(line));
        switch (stage_) {
            case Stage::greeting:
                stage_ = Stage::hello;
                return say("EHLO pilotlight\r\n");
            case Stage::hello:
                if (!offers_) return failed("not_offered", "the server does not offer STARTTLS");
                stage_ = Stage::starttls;
                return say("STARTTLS\r\n");
            case Stage::starttls:
                return secure();
        }
        return wait();
    }

    enum class Stage { greeting, hello, starttls };
    Stage stage_ = Stage::greeting;
    /// Of the reply that is being read; 0 between replies.
    int code_ = 0;
    bool offers_ = false;
};

/// RFC 9051, 6.2.1. What the server may do is asked for, whatever its greeting says.
class ImapDialogue final : public StartTlsDialogue {
  private:
    Step advance() override {
        while (const std::optional<std::string_view> line = take_line()) {
            Step step = is_word(*line, "*") ? on_untagged(after_first_word(*line), *line)
                                            : on_tagged(*line);
            if (step.kind != Step::Kind::wait) return step;
        }
        return wait();
    }

    Step on_untagged(std::string_view data, std::string_view line) {
        if (is_word(data, "BYE")) return failed("refused", "the server says " + shown(line));
        if (stage_ == Stage::greeting) {
            if (is_word(data, "PREAUTH")) {
                return failed("refused",
                              "the server takes us as logged in, and has no STARTTLS "
                              "then");
            }
            if (!is_word(data, "OK")) return unexpected(line);
            stage_ = Stage::capability;
            return say("p1 CAPABILITY\r\n");
        }
        if (stage_ == Stage::capability && is_word(data, "CAPABILITY")) {
            offers_ = offers_ || has_word(data, "STARTTLS");
        }
        return wait();
    }

    Step on_tagged(std::string_view line) {
        const std::string_view tag = stage_ == Stage::capability ? "p1" : "p2";
        if (stage_ == Stage::greeting || !is_word(line, tag)) return unexpected(line);
        const std::string_view status = after_first_word(line);
        if (is_word(status, "NO") || is_word(status, "BAD")) {
            return failed("refused", "the server says " + shown(line));
        }
        if (!is_word(status, "OK")) return unexpected(line);
        if (stage_ == Stage::starttls) return secure();
        if (!offers_) return failed("not_offered", "the server does not offer STARTTLS");
        stage_ = Stage::starttls;
        return say("p2 STARTTLS\r\n");
    }

    static Step unexpected(std::string_view line) {
        return failed("protocol", "expected an answer of IMAP, got " + shown(line));
    }

    enum class Stage { greeting, capability, starttls };
    Stage stage_ = Stage::greeting;
    bool offers_ = false;
};

/// RFC 2595, 4, with the capabilities of RFC 2449, which old servers do not know.
class Pop3Dialogue final : public StartTlsDialogue {
  private:
    Step advance() override {
        while (const std::optional<std::string_view> line = take_line()) {
            Step step = stage_ == Stage::list ? on_capability(*line) : on_status(*line);
            if (step.kind != Step::Kind::wait) return step;
        }
        return wait();
    }

    Step on_status(std::string_view line) {
        const bool is_good = is_word(line, "+OK");
        if (!is_good && !is_word(line, "-ERR")) {
            return failed("protocol", "expected an answer of POP3, got " + shown(line));
        }
        if (stage_ == Stage::capabilities && !is_good) return ask();
        if (!is_good) return failed("refused", "the server says " + shown(line));
        switch (stage_) {
            case Stage::greeting:
                stage_ = Stage::capabilities;
                return say("CAPA\r\n");
            case Stage::capabilities:
                stage_ = Stage::list;
                return wait();
            case Stage::list:
            case Stage::starttls:
                return secure();
        }
        return wait();
    }

    Step on_capability(std::string_view line) {
        if (line != ".") {
            offers_ = offers_ || is_word(line, "STLS");
            return wait();
        }
        if (!offers_) return failed("not_offered", "the server does not offer STLS");
        return ask();
    }

    Step ask() {
        stage_ = Stage::starttls;
        return say("STLS\r\n");
    }

    enum class Stage { greeting, capabilities, list, starttls };
    Stage stage_ = Stage::greeting;
    bool offers_ = false;
};

}  // namespace

std::unique_ptr<StartTlsDialogue> make_smtp_dialogue() {
    return std::make_unique<SmtpDialogue>();
}

std::unique_ptr<StartTlsDialogue> make_imap_dialogue() {
    return std::make_unique<ImapDialogue>();
}

std::unique_ptr<StartTlsDialogue> make_pop3_dialogue() {
    return std::make_unique<Pop3Dialogue>();
}

}  // namespace pilotlight::probes
