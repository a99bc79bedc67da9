#pragma once

#include <string>
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

/// `a=b&c=d`, percent-encoded.
[[nodiscard]] std::string form_of(const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace pilotlight::app
