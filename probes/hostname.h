#pragma once

#include <string>

#include "config/config.h"
#include "core/error.h"

namespace pilotlight::probes {

/// What `/probe?hostname=NAME` asks for, put into the target's options: the target is an address,
/// and NAME is whom to ask for there. For http the Host header and with it the certificate's name,
/// for tcp the certificate's name unless the module gives one; other probers do not look at it.
/// Fails where an http module has another Host header. Source: blackbox_exporter's handler.
[[nodiscard]] Result<void> set_hostname(const std::string& hostname, config::TargetConfig& target);

}  // namespace pilotlight::probes
