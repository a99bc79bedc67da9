#include "app/alert_tests/pairs.h"

namespace pilotlight::app {
namespace {

class Pairing {
  public:
    using Fits = std::function<bool(std::size_t, std::size_t)>;

    Pairing(std::size_t left, std::size_t right, const Fits& fits) : holders_(right) {
        fitting_.resize(left);
        for (std::size_t i = 0; i < left; ++i) {
            for (std::size_t j = 0; j < right; ++j) {
                if (fits(i, j)) fitting_[i].push_back(j);
            }
        }
    }

    std::vector<std::optional<std::size_t>> find() {
        for (std::size_t i = 0; i < fitting_.size(); ++i) {
            tried_.assign(holders_.size(), false);
            place(i);
        }
        std::vector<std::optional<std::size_t>> pairs(fitting_.size());
        for (std::size_t j = 0; j < holders_.size(); ++j) {
            if (holders_[j]) pairs[*holders_[j]] = j;
        }
        return pairs;
    }

  private:
    bool place(std::size_t i) {
        for (const std::size_t j : fitting_[i]) {
            if (tried_[j]) continue;
            tried_[j] = true;
            if (holders_[j] && !place(*holders_[j])) continue;
            holders_[j] = i;
            return true;
        }
        return false;
    }

    std::vector<std::vector<std::size_t>> fitting_;
    std::vector<std::optional<std::size_t>> holders_;
    std::vector<bool> tried_;
};

}  // namespace

std::vector<std::optional<std::size_t>> pair_up(
    std::size_t left, std::size_t right,
    const std::function<bool(std::size_t left, std::size_t right)>& fits) {
    return Pairing(left, right, fits).find();
}

}  // namespace pilotlight::app
