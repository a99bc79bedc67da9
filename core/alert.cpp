#include "core/alert.h"

#include "core/check.h"

namespace pilotlight {

std::string_view to_string(AlertState state) {
    switch (state) {
        case AlertState::pending:
            return "pending";
        case AlertState::firing:
            return "firing";
        case AlertState::resolved:
            return "resolved";
    }
    PILOT_CHECK(false);
}

}  // namespace pilotlight
