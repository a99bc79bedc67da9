#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/time.h"

namespace pilotlight::app {

/// What a running Pilotlight answered.
struct HttpAnswer {
    int status = 0;
    std::string body;
};

/// Gets `url`, or posts `form` there unless it is empty, and waits. Fails where no whole answer
/// came; the error names the url.
[[nodiscard]] Result<HttpAnswer> call_http(const std::string& url, const std::string& form,
                                           Duration patience);

/// A request of another method, or with a JSON body.
struct HttpCall {
    std::string method = "GET";
    std::string url;
    /// "" for none.
    std::string json;
};
[[nodiscard]] Result<HttpAnswer> call_http(const HttpCall& call, Duration patience);
/// The body of an answer of 2xx, waited for at most ten seconds. Another status is an error with
/// what the answer says of it.
[[nodiscard]] Result<std::string> body_of(const HttpCall& call);

/// For messages: the URL without `user:password@`.
[[nodiscard]] std::string without_login(std::string_view url);

/// `a=b&c=d`, percent-encoded.
[[nodiscard]] std::string form_of(const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace pilotlight::app
